using OrleansIoT.Gateway.Tests.World;

namespace OrleansIoT.Gateway.Tests.Transports;

/// <summary>
/// Requests whose end two readers could see in two places (H08, RFC 9112 sections 6.1, 6.3 and 11.2). Each is refused, and
/// the connection is closed: what follows is never taken for another request.
/// </summary>
public sealed class SmugglingTests
{
    private const string Body = """{"email": "ada@example.org", "password": "x"}""";
    private const string Smuggled = "GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n";

    private static string Chunk(string size) => $"{size}\r\n{Body}\r\n0\r\n\r\n";

    public static TheoryData<string, string> Attacks => new()
    {
        { "CL.TE", Request("Content-Length: 6\r\nTransfer-Encoding: chunked", Chunk("2d")) },
        { "TE.CL", Request("Transfer-Encoding: chunked\r\nContent-Length: 6", Chunk("2d")) },
        { "two CL", Request("Content-Length: 45\r\nContent-Length: 6", Body) },
        { "two equal CL in one", Request("Content-Length: 45, 45", Body) },
        { "CL in hexadecimal", Request("Content-Length: 0x2d", Body) },
        { "TE not chunked", Request("Transfer-Encoding: xchunked", Chunk("2d")) },
        { "TE chunked twice", Request("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", Chunk("2d")) },
        { "TE with a tab", Request("Transfer-Encoding:\vchunked", Chunk("2d")) },
        { "space before the colon", Request("Content-Length : 45", Body) },
        { "folded header", Request("Content-Length: 45\r\nX: y\r\n Transfer-Encoding: chunked", Body) },
        { "bare LF after a header", Request("Content-Length: 45\nX: y", Body) },
        { "bare LF in a chunk extension", Request("Transfer-Encoding: chunked", Chunk("2d;a\nb")) },
        { "chunk size with a sign", Request("Transfer-Encoding: chunked", Chunk("+2d")) },
        { "chunk size of more than 64 bits", Request("Transfer-Encoding: chunked", Chunk("100000000000002d")) },
        { "chunk without its end", Request("Transfer-Encoding: chunked", $"2d\r\n{Body}XX0\r\n\r\n") },
    };

    [Theory]
    [InlineData("Content-Length: 45")]
    [InlineData("Transfer-Encoding: chunked")]
    public async Task Without_the_attack_it_is_answered_and_so_is_what_follows(string framing)
    {
        await using var gateway = await GatewayHost.Start();

        var answer = await gateway.Send(
            Request(framing, framing.StartsWith('C') ? Body : Chunk("2d"))
            + Smuggled.Replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n", StringComparison.Ordinal));

        Assert.Equal(401, answer.Status);
        Assert.Contains("healthy", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task It_is_refused_and_nothing_after_it_is_read(string attack, string request)
    {
        await using var gateway = await GatewayHost.Start();

        var answer = await gateway.Send(request + Smuggled); // ends when the server closes

        Assert.True(answer.Status is 400 or 501, $"{attack}: {answer.Status} {answer.Head} {answer.Body}");
        Assert.DoesNotContain("healthy", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_leaves_HTTP_1_for_another_protocol()
    {
        await using var gateway = await GatewayHost.Start();

        var upgrade = await gateway.Send(
            "GET /health/live HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");

        Assert.Equal(200, upgrade.Status);
        Assert.StartsWith("HTTP/1.1", upgrade.Head, StringComparison.Ordinal);
    }

    private static string Request(string framing, string body) =>
        $"POST /auth/login HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n{framing}\r\n\r\n{body}";
}
