using AgentRag.Plugin;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace AgentRag.Mcp;

/// <summary>Documents and passages of the index as resources, so that a person can attach one to a conversation.</summary>
/// <param name="plugin">Reads the index.</param>
internal sealed class ResourceSet(AgentRagPlugin plugin)
{
    public const string DocumentTemplate = DocumentPrefix + "{id}";
    public const string PassageTemplate = PassagePrefix + "{id}";

    private const string DocumentPrefix = "agentrag://document/";
    private const string PassagePrefix = "agentrag://passage/";
    private const string Markdown = "text/markdown";
    private const int MostUriCharacters = 4000;

    public static ValueTask<ListResourceTemplatesResult> TemplatesAsync(RequestContext<ListResourceTemplatesRequestParams> request, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new ListResourceTemplatesResult
        {
            ResourceTemplates =
            [
                new() { Name = "document", Title = "A document", UriTemplate = DocumentTemplate, MimeType = Markdown, Description = "One indexed document, whole, by its documentId." },
                new() { Name = "passage", Title = "A passage", UriTemplate = PassageTemplate, MimeType = Markdown, Description = "One passage of a document, by its passageId." },
            ],
            TimeToLive = TimeSpan.FromMinutes(10),
            CacheScope = CacheScope.Private,
        });

    public async ValueTask<ListResourcesResult> ListAsync(RequestContext<ListResourcesRequestParams> request, CancellationToken cancellationToken)
    {
        var page = await GuardedAsync(() => plugin.ListSourcesAsync(cursor: request.Params?.Cursor ?? "", cancellationToken: cancellationToken)).ConfigureAwait(false);
        return new ListResourcesResult
        {
            Resources =
            [
                .. page.Sources.Select(source => new Resource
                {
                    Uri = DocumentPrefix + Uri.EscapeDataString(source.DocumentId),
                    Name = source.DocumentId,
                    Title = source.Title,
                    Description = source.Source,
                    MimeType = Markdown,
                }),
            ],
            NextCursor = page.NextCursor.Length == 0 ? null : page.NextCursor,
            TimeToLive = TimeSpan.FromSeconds(10),
            CacheScope = CacheScope.Private,
        };
    }

    public async ValueTask<ReadResourceResult> ReadAsync(RequestContext<ReadResourceRequestParams> request, CancellationToken cancellationToken)
    {
        var uri = request.Params?.Uri ?? "";
        var text = uri.Length > MostUriCharacters ? null : await GuardedAsync(() => TextAsync(uri, cancellationToken)).ConfigureAwait(false);
        return text is null
            ? throw new McpProtocolException($"There is no resource '{(uri.Length <= 200 ? uri : uri[..200])}': the documents are listed, and retrieve returns ids.", NotFound(request))
            {
                Data = { ["uri"] = uri.Length <= MostUriCharacters ? uri : "" },
            }
            : new ReadResourceResult
            {
                Contents = [new TextResourceContents { Uri = uri, MimeType = Markdown, Text = text }],
                TimeToLive = TimeSpan.FromSeconds(10),
                CacheScope = CacheScope.Private,
            };
    }

    /// <summary>Completes the id in a template.</summary>
    public async ValueTask<CompleteResult> CompleteAsync(RequestContext<CompleteRequestParams> request, CancellationToken cancellationToken)
    {
        var empty = new CompleteResult { Completion = new Completion { Values = [], Total = 0, HasMore = false } };
        if (request.Params is not { Ref: ResourceTemplateReference { Uri: DocumentTemplate or PassageTemplate } template, Argument: { Name: "id", Value: var value } }
            || value.Length > MostUriCharacters)
        {
            return empty;
        }

        var (ids, total) = await GuardedAsync(() => plugin.FindDocumentsAsync(template.Uri == PassageTemplate ? value.Split('#')[0] : value, most: 100, cancellationToken)).ConfigureAwait(false);
        return new CompleteResult { Completion = new Completion { Values = [.. ids], Total = total, HasMore = total > ids.Count } };
    }

    private async Task<string?> TextAsync(string uri, CancellationToken cancellationToken)
    {
        if (uri.StartsWith(DocumentPrefix, StringComparison.Ordinal))
        {
            return await plugin.ReadDocumentAsync(Uri.UnescapeDataString(uri[DocumentPrefix.Length..]), cancellationToken: cancellationToken).ConfigureAwait(false);
        }

        if (!uri.StartsWith(PassagePrefix, StringComparison.Ordinal) || Uri.UnescapeDataString(uri[PassagePrefix.Length..]) is not { Length: > 0 } id)
        {
            return null;
        }

        try
        {
            var passage = await plugin.ReadPassageAsync(id, before: 0, after: 0, cancellationToken: cancellationToken).ConfigureAwait(false);
            return passage.Passages[0].Text;
        }
        catch (AgentRagException) when (plugin.HasOpened)
        {
            return null;
        }
    }

    // The revision without sessions has no code of its own for it.
    private static McpErrorCode NotFound(RequestContext<ReadResourceRequestParams> request) =>
        string.CompareOrdinal(request.JsonRpcRequest.Context?.ProtocolVersion ?? "", "2026-07-28") >= 0 ? McpErrorCode.InvalidParams : McpErrorCode.ResourceNotFound;

    // What a user can mend is said; the SDK would show "An error occurred" alone.
    private static async Task<T> GuardedAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (AgentRagException fault)
        {
            throw new McpProtocolException(fault.Message, fault, McpErrorCode.InvalidParams);
        }
    }
}
