import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.lucene.analysis.core.WhitespaceAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LogByteSizeMergePolicy;
import org.apache.lucene.index.SerialMergeScheduler;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopScoreDocCollector;
import org.apache.lucene.search.similarities.BM25Similarity;
import org.apache.lucene.store.MMapDirectory;
import org.apache.lucene.util.Version;

/** Lucene from Debian's liblucene8-java: {@code build CORPUS INDEX} or {@code query CORPUS INDEX QUERIES PASSES}; times as in measure.py. */
public final class LuceneRunner {
    private static final int[] KS = {10, 100, 1000};
    private static final String[][] QUERY_FILES = {{"queries", "queries.txt"}, {"content", "queries-content.txt"}};
    private static final int WARM_UP_QUERIES = 5000;
    private static final BM25Similarity BM25 = new BM25Similarity(0.9f, 0.4f);
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private LuceneRunner() {
    }

    public static void main(String[] args) throws IOException {
        var corpus = Path.of(args[1]);
        if (args[0].equals("build")) {
            build(corpus, Path.of(args[2]));
        } else {
            query(corpus, Path.of(args[2]), Integer.parseInt(args[3]), Integer.parseInt(args[4]));
        }
    }

    private static void build(Path corpus, Path index) throws IOException {
        long wall = System.nanoTime();
        // Frequencies without positions and without stored text: what BM25 needs. Segments merge in order, so that Lucene's number is the line's.
        var type = new FieldType();
        type.setIndexOptions(IndexOptions.DOCS_AND_FREQS);
        type.setTokenized(true);
        type.freeze();
        var config = new IndexWriterConfig(new WhitespaceAnalyzer()).setSimilarity(BM25).setRAMBufferSizeMB(512).setUseCompoundFile(false)
            .setOpenMode(IndexWriterConfig.OpenMode.CREATE).setMergePolicy(new LogByteSizeMergePolicy()).setMergeScheduler(new SerialMergeScheduler());
        try (var writer = new IndexWriter(new MMapDirectory(index), config); var lines = Files.newBufferedReader(corpus.resolve("corpus.txt"))) {
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                var document = new Document();
                document.add(new Field("text", line, type));
                writer.addDocument(document);
            }
            writer.forceMerge(1);
            writer.commit();
        }
        long bytes = 0;
        for (var file : index.toFile().listFiles()) {
            bytes += file.length();
        }
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        print(corpus, "build", String.format(Locale.ROOT, "\"build_cpu_s\": %.2f, \"build_wall_s\": %.2f, \"index_bytes\": %d",
            system.getProcessCpuTime() / 1e9, (System.nanoTime() - wall) / 1e9, bytes));
    }

    private static void query(Path corpus, Path index, int limit, int passes) throws IOException {
        var searcher = new IndexSearcher(DirectoryReader.open(new MMapDirectory(index)));
        searcher.setSimilarity(BM25);
        searcher.setQueryCache(null);
        // The compiler needs several thousand queries before anything is measured.
        var warmUp = Files.readAllLines(corpus.resolve(QUERY_FILES[0][1]));
        for (int i = 0; i < WARM_UP_QUERIES; i++) {
            search(searcher, warmUp.get(i % warmUp.size()), KS[i % KS.length]);
        }
        for (var file : QUERY_FILES) {
            var lines = Files.readAllLines(corpus.resolve(file[1]));
            var queries = lines.subList(0, Math.min(limit, lines.size()));
            for (int k : KS) {
                var cpu = new double[queries.size()][passes - 1];
                var wall = new double[queries.size()][passes - 1];
                for (int pass = 0; pass < passes; pass++) {
                    for (int i = 0; i < queries.size(); i++) {
                        long cpuStart = THREADS.getCurrentThreadCpuTime();
                        long wallStart = System.nanoTime();
                        search(searcher, queries.get(i), k);
                        if (pass > 0) {
                            cpu[i][pass - 1] = (THREADS.getCurrentThreadCpuTime() - cpuStart) / 1e6;
                            wall[i][pass - 1] = (System.nanoTime() - wallStart) / 1e6;
                        }
                    }
                }
                var overlap = file[0].equals("queries") && k == 10 ? overlapAt10(corpus, searcher, queries) : "null";
                print(corpus, "query", String.format(Locale.ROOT,
                    "\"queries\": \"%s\", \"k\": %d, \"count\": %d, \"cpu_p50_ms\": %.4f, \"cpu_p95_ms\": %.4f, \"wall_p50_ms\": %.4f, \"wall_p95_ms\": %.4f, \"overlap10\": %s",
                    file[0], k, queries.size(), quantile(cpu, 0.5), quantile(cpu, 0.95), quantile(wall, 0.5), quantile(wall, 0.95), overlap));
            }
        }
    }

    /** Block-max WAND: the collector need not count beyond k hits. */
    private static ScoreDoc[] search(IndexSearcher searcher, String query, int k) throws IOException {
        var any = new BooleanQuery.Builder();
        for (var token : query.split(" ")) {
            any.add(new TermQuery(new Term("text", token)), BooleanClause.Occur.SHOULD);
        }
        var collector = TopScoreDocCollector.create(k, null, k);
        searcher.search(any.build(), collector);
        return collector.topDocs().scoreDocs;
    }

    private static String overlapAt10(Path corpus, IndexSearcher searcher, List<String> queries) throws IOException {
        var path = corpus.resolve("top10.txt");
        if (!Files.exists(path)) {
            return "null";
        }
        var best = Files.readAllLines(path);
        var shares = new ArrayList<Double>();
        for (int i = 0; i < Math.min(best.size(), queries.size()); i++) {
            Set<Integer> ours = new HashSet<>();
            for (var hit : best.get(i).split(" ")) {
                ours.add(Integer.parseInt(hit.split(":")[0]));
            }
            long found = Arrays.stream(search(searcher, queries.get(i), 10)).filter(hit -> ours.contains(hit.doc)).count();
            shares.add((double) found / ours.size());
        }
        return String.format(Locale.ROOT, "%.4f", shares.stream().mapToDouble(Double::doubleValue).average().orElse(0));
    }

    private static double quantile(double[][] times, double q) {
        var perQuery = new double[times.length];
        for (int i = 0; i < times.length; i++) {
            Arrays.sort(times[i]);
            perQuery[i] = times[i][times[i].length / 2];
        }
        Arrays.sort(perQuery);
        return perQuery[Math.min(perQuery.length - 1, (int) (q * perQuery.length))];
    }

    private static void print(Path corpus, String step, String figures) throws IOException {
        long peak = 0;
        for (var line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmHWM")) {
                peak = Long.parseLong(line.replaceAll("\\D", "")) * 1024 / 1_000_000;
            }
        }
        var load = Files.readString(Path.of("/proc/loadavg")).split(" ")[0];
        System.out.printf(Locale.ROOT, "{\"engine\": \"Lucene %s\", \"corpus\": \"%s\", \"step\": \"%s\", %s, \"peak_rss_mb\": %d, \"load\": %s}%n",
            Version.LATEST, corpus.toAbsolutePath().normalize().getFileName(), step, figures, peak, load);
    }
}
