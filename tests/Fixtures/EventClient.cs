using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace OrleansIoT.Fixtures;

/// <param name="Id">The last one that was said, which a client comes back with.</param>
public sealed record StreamEvent(string? Id, string Name, JsonNode Data)
{
    public long Seq => (long)Data["seq"]!;
}

/// <summary>A client of server-sent events (HTML standard, section 9.2), which a browser would be.</summary>
public sealed class EventClient : IDisposable
{
    private readonly HttpResponseMessage _answer;
    private readonly StreamReader _lines;

    private EventClient(HttpResponseMessage answer, Stream body) => (_answer, _lines) = (answer, new StreamReader(body, Encoding.UTF8));

    public string? LastId { get; private set; }

    public HttpResponseMessage Answer => _answer;

    /// <param name="http">With the token.</param>
    /// <param name="path">What to look at.</param>
    /// <param name="lastId">Of the last event before, or null.</param>
    public static async Task<EventClient> Open(HttpClient http, string path, string? lastId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/event-stream");
        if (lastId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastId);
        }

        var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (answer.StatusCode != HttpStatusCode.OK || answer.Content.Headers.ContentType?.MediaType != "text/event-stream")
        {
            throw new InvalidOperationException($"{(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        }

        return new EventClient(answer, await answer.Content.ReadAsStreamAsync());
    }

    /// <summary>The next event, or null at the end of the stream.</summary>
    public async Task<StreamEvent?> Read()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var (name, data) = ("message", (string?)null);
        while (await _lines.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.Length == 0)
            {
                if (data is not null)
                {
                    return new StreamEvent(LastId, name, JsonNode.Parse(data)!);
                }

                continue;
            }

            var (field, value) = line.Split(':', 2) is [var before, var behind] ? (before, behind.TrimStart(' ')) : (line, "");
            switch (field)
            {
                case "id":
                    LastId = value;
                    break;
                case "event":
                    name = value;
                    break;
                case "data":
                    data = data is null ? value : $"{data}\n{value}";
                    break;
            }
        }

        return null;
    }

    /// <summary>The next event.</summary>
    public async Task<StreamEvent> Next() => await Read() ?? throw new InvalidOperationException("The stream has ended.");

    /// <summary>The next reading.</summary>
    public async Task<StreamEvent> NextReading()
    {
        var next = await Next();
        return next.Name == "reading" ? next : throw new InvalidOperationException($"{next.Name}: {next.Data.ToJsonString()}");
    }

    /// <summary>Complete when the next line that says something is a comment.</summary>
    public async Task ReadComment()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        string? line;
        do
        {
            line = await _lines.ReadLineAsync(patience.Token);
        }
        while (line is "");

        if (line is not [':', ..])
        {
            throw new InvalidOperationException($"No comment: {line}");
        }
    }

    public void Dispose()
    {
        _lines.Dispose();
        _answer.Dispose();
    }
}
