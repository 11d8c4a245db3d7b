using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace AgentRag.Tokens.Vocabularies;

/// <summary>Fetches a known vocabulary. Nothing else in AgentRag does, and nothing calls it by itself.</summary>
/// <remarks>What came before a break is kept beside the target and gone on from; the target appears only once its SHA-256 is right.</remarks>
public sealed class VocabularyDownload
{
    private readonly HttpClient _http;

    /// <summary>Prepares downloads.</summary>
    /// <param name="http">The client; its time-out bounds the wait for a reply.</param>
    public VocabularyDownload(HttpClient http)
    {
        ArgumentNullException.ThrowIfNull(http);
        _http = http;
    }

    /// <summary>Fetches a vocabulary unless it is there already.</summary>
    /// <param name="vocabulary">Which.</param>
    /// <param name="folder">The folder to put it in; made if it does not exist.</param>
    /// <param name="progress">Told the bytes that are there so far; null for none.</param>
    /// <param name="cancellationToken">Ends the download; what came is kept.</param>
    /// <returns>The file's path.</returns>
    /// <exception cref="AgentRagException">The server did not give the file, or what it gave is another one.</exception>
    public async Task<string> FetchAsync(
        KnownVocabulary vocabulary, string folder, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var target = Path.Combine(folder, vocabulary.FileName);
        if (File.Exists(target) && await HashAsync(target, cancellationToken).ConfigureAwait(false) == vocabulary.Sha256)
        {
            return target;
        }

        var part = target + ".part";
        try
        {
            Directory.CreateDirectory(folder);
            await FillAsync(vocabulary, part, progress, cancellationToken).ConfigureAwait(false);
            var hash = await HashAsync(part, cancellationToken).ConfigureAwait(false);
            if (hash != vocabulary.Sha256)
            {
                File.Delete(part);
                throw new AgentRagException(
                    $"What {vocabulary.Url} gave is not {vocabulary.Name}: its SHA-256 is {hash}, expected is {vocabulary.Sha256}. It was thrown away; a proxy may stand between, try another network.");
            }

            File.Move(part, target, overwrite: true);
            return target;
        }
        catch (HttpRequestException e)
        {
            throw new AgentRagException($"{vocabulary.Url} cannot be fetched: {e.Message} Try again: it goes on where it stopped.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentRagException($"{vocabulary.Name} could not be brought to '{target}': {e.Message} Try again: it goes on where it stopped.", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AgentRagException($"{vocabulary.Url} did not answer in time: try again, it goes on where it stopped.", e);
        }
    }

    private async Task FillAsync(KnownVocabulary vocabulary, string part, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        // Opened for this process alone: two downloads must not write one file.
        var file = new FileStream(part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
        await using (file.ConfigureAwait(false))
        {
            if (file.Length > vocabulary.Bytes)
            {
                file.SetLength(0);
            }

            file.Seek(0, SeekOrigin.End);
            while (file.Length < vocabulary.Bytes)
            {
                var before = file.Length;
                await AppendAsync(vocabulary, file, progress, cancellationToken).ConfigureAwait(false);
                if (file.Length <= before)
                {
                    return;
                }
            }
        }
    }

    private async Task AppendAsync(KnownVocabulary vocabulary, FileStream file, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, vocabulary.Url);
        if (file.Length > 0)
        {
            request.Headers.Range = new RangeHeaderValue(file.Length, null);
        }

        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                // What is there is not the beginning of what the server has.
                file.SetLength(0);
            }

            throw new AgentRagException($"{vocabulary.Url} answered {(int)response.StatusCode}: try again later, or fetch the file by hand and name it with --tokenizer FILE.");
        }

        if (response.StatusCode != HttpStatusCode.PartialContent || response.Content.Headers.ContentRange?.From != file.Length)
        {
            // The server sends all of it again.
            file.SetLength(0);
        }

        var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            var buffer = new byte[81_920];
            while (await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var read)
            {
                // A server that goes on for ever must not fill the disk.
                var wanted = (int)Math.Min(read, vocabulary.Bytes - file.Length + 1);
                await file.WriteAsync(buffer.AsMemory(0, wanted), cancellationToken).ConfigureAwait(false);
                progress?.Report(file.Length);
                if (file.Length > vocabulary.Bytes)
                {
                    return;
                }
            }
        }

        await file.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        var file = File.OpenRead(path);
        await using (file.ConfigureAwait(false))
        {
            return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken).ConfigureAwait(false));
        }
    }
}
