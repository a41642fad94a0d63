using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using OrleansIoT.Faults.Recording;

namespace OrleansIoT.Faults.Workload;

/// <summary>Somebody signed in who asks the gateways, each time another one, and writes down what they say.</summary>
public sealed class Api : IDisposable
{
    /// <summary>An access token lives for 15 minutes; a new one is asked for long before.</summary>
    private static readonly TimeSpan TokenAge = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly IReadOnlyList<Uri> _gateways;
    private readonly Ledger _ledger;
    private readonly string _name;
    private readonly object _credentials;
    private readonly HttpClient _http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2), AllowAutoRedirect = false })
    {
        Timeout = Patience,
    };

    private readonly SemaphoreSlim _signingIn = new(1);
    private int _next;
    private (string Token, TimeSpan At)? _token;

    public Api(IReadOnlyList<Uri> gateways, Ledger ledger, string tenant, string email, string password)
    {
        (_gateways, _ledger, _name) = (gateways, ledger, $"{tenant}/{email}");
        _credentials = new { tenant, email, password };
    }

    /// <summary>Asks one gateway, once.</summary>
    /// <param name="mayBeMissing">Whether 404 is an answer like any other.</param>
    public async Task<(int? Status, JsonElement Body)> Ask(HttpMethod method, string path, object? body = null, bool mayBeMissing = false)
    {
        var gateway = _gateways[(int)((uint)Interlocked.Increment(ref _next) % _gateways.Count)];
        var token = await Token(gateway);
        return token is null ? (null, default) : await Send(gateway, method, path, body, token, mayBeMissing);
    }

    /// <summary>Asks until it is answered as it should be.</summary>
    /// <exception cref="InvalidOperationException">It never is.</exception>
    public async Task<JsonElement> Demand(HttpMethod method, string path, object? body, CancellationToken cancellation)
    {
        for (var tries = 0; ; tries++)
        {
            var (status, answer) = await Ask(method, path, body);
            switch (status)
            {
                case >= 200 and < 300:
                    return answer;
                case not (null or 429 or 503 or 504):
                    throw new InvalidOperationException($"{method} {path} is answered {status}: {answer}");
            }

            if (tries == 100)
            {
                throw new InvalidOperationException($"{method} {path} is never answered.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), cancellation);
        }
    }

    /// <summary>Every reading of a topic, page by page; null where there is none.</summary>
    public async Task<List<JsonElement>?> ReadAll(string topic, CancellationToken cancellation)
    {
        var readings = new List<JsonElement>();
        for (string? cursor = null; ;)
        {
            var path = $"/iot/{topic}/2000-01-01T00:00:00Z/2100-01-01T00:00:00Z?limit=5000{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}";
            var (status, page) = await Ask(HttpMethod.Get, path, mayBeMissing: true);
            if (status == 404)
            {
                return null;
            }

            if (status != 200)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), cancellation);
                continue;
            }

            readings.AddRange(page.GetProperty("data").EnumerateArray());
            cursor = page.GetProperty("next").GetString();
            if (cursor is null)
            {
                return readings;
            }
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _signingIn.Dispose();
    }

    private async Task<string?> Token(Uri gateway)
    {
        await _signingIn.WaitAsync();
        try
        {
            if (_token is { } known && _ledger.Now - known.At < TokenAge)
            {
                return known.Token;
            }

            var (status, answer) = await Send(gateway, HttpMethod.Post, "/auth/login", _credentials, null);
            _token = status == (int)HttpStatusCode.OK ? (answer.GetProperty("auth_token").GetString()!, _ledger.Now) : _token;
            return _token?.Token; // the one before is good for a while
        }
        finally
        {
            _signingIn.Release();
        }
    }

    private async Task<(int? Status, JsonElement Body)> Send(Uri gateway, HttpMethod method, string path, object? body, string? token, bool mayBeMissing = false)
    {
        using var request = new HttpRequestMessage(method, new Uri(gateway, path));
        request.Content = body is null ? null : JsonContent.Create(body);
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        var operation = _ledger.Begin(new Request(gateway.Authority, $"{method} {path.Split('?')[0]}") { Client = _name });
        try
        {
            using var answer = await _http.SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            var status = (int)answer.StatusCode;
            _ledger.End<Request>(
                operation,
                status < 300 || (mayBeMissing && status == 404) ? Outcome.Ok : status is 429 or 503 or 504 ? Outcome.Info : Outcome.Fail,
                ended => ended with { Status = status, Answer = status < 300 ? null : text });
            return (status, IsJson(answer) ? JsonSerializer.Deserialize<JsonElement>(text) : default);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException)
        {
            _ledger.End<Request>(operation, Outcome.Info, ended => ended with { Answer = e.Message });
            return (null, default);
        }
    }

    private static bool IsJson(HttpResponseMessage answer) =>
        answer.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true;
}
