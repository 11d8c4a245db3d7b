// Measures llama.cpp, as the npm package node-llama-cpp brings it, on one GGUF file: llama_cpp.mjs FILE THREADS PROMPT_TOKENS DECODED_TOKENS
// Writes one line: tokens per second as "prefill" and "decode", per second of all threads' processor time as "prefillProcessor" and "decodeProcessor".
// PEERS_MODULES names the folder with node_modules.
import {createRequire} from "node:module";
import path from "node:path";
import {pathToFileURL} from "node:url";

const modules = path.resolve(process.env.PEERS_MODULES ?? ".", "node_modules");
const entry = createRequire(path.join(modules, "x.js")).resolve("node-llama-cpp");
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(entry).href);

const [file, threads, promptTokens, decodedTokens] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const llama = await getLlama({build: "never", gpu: false, maxThreads: threads, logLevel: LlamaLogLevel.error});
const model = await llama.loadModel({modelPath: file, useMmap: true});
const context = await model.createContext({
    contextSize: promptTokens + decodedTokens + 8, batchSize: 512, threads: {ideal: threads, min: threads}, sequences: 1, flashAttention: process.env.FLASH === "1",
});
const sequence = context.getSequence();

// The same generator everywhere is not needed: time does not depend on the tokens.
let state = 1;
const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
const prompt = (count) => Array.from({length: count}, () => 300 + Math.floor(random() * 30_000));
const seconds = () => Number(process.hrtime.bigint()) / 1e9;
const processor = () => (({user, system}) => (user + system) / 1e6)(process.cpuUsage());

await sequence.evaluateWithoutGeneratingNewTokens(prompt(64));
await sequence.clearHistory();

let [started, startedProcessor] = [seconds(), processor()];
await sequence.evaluateWithoutGeneratingNewTokens(prompt(promptTokens));
const [prefill, prefillProcessor] = [promptTokens / (seconds() - started), promptTokens / (processor() - startedProcessor)];

let generated = 0;
for await (const token of sequence.evaluate([400], {temperature: 0, yieldEogToken: true})) {
    if (generated++ === 0)
        [started, startedProcessor] = [seconds(), processor()]; // the first one pays for what is set up once

    if (generated > decodedTokens)
        break;
}

console.log(JSON.stringify({
    prefill, prefillProcessor, decode: (generated - 1) / (seconds() - started), decodeProcessor: (generated - 1) / (processor() - startedProcessor),
}));
await llama.dispose();
