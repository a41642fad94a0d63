using System.Net;
using System.Net.Http.Json;
using OrleansIoT.Shims;

namespace OrleansIoT.EndToEnd.Tests.Identity;

/// <summary>A browser's session whose pages ask at a time, as F5 twice makes them (RFC 9700 section 4.14.2).</summary>
public sealed class RefreshTests
{
    private const string Name = "__Host-orleans-iot-refresh";

    [Fact]
    public async Task Pages_that_refresh_at_a_time_stay_signed_in_and_who_comes_later_with_an_old_cookie_ends_the_session()
    {
        using var clock = new WallClock();
        await using var iot = await IotProcess.StartWith(clock.Environment);
        var first = Cookie(await Send(iot, "/auth/login", new { email = "admin@localhost", password = IotProcess.AdminPassword, cookie = true }));

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Send(iot, "/auth/refresh", cookie: first)));
        var second = Assert.Single(answers.Select(Cookie).Distinct());
        Assert.NotEqual(first, second);

        await iot.Kill();
        await iot.StartAgain();
        Assert.Equal(second, Cookie(await Send(iot, "/auth/refresh", cookie: first)));
        var third = Cookie(await Send(iot, "/auth/refresh", cookie: second));

        clock.JumpTo(TimeSpan.FromSeconds(31));
        Assert.Equal(HttpStatusCode.Unauthorized, (await Send(iot, "/auth/refresh", cookie: second)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await Send(iot, "/auth/refresh", cookie: third)).StatusCode);
    }

    private static string Cookie(HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return Assert.Single(answer.Headers.GetValues("Set-Cookie")).Split(';')[0].Split('=', 2)[1];
    }

    private static async Task<HttpResponseMessage> Send(IotProcess iot, string path, object? body = null, string? cookie = null)
    {
        using var handler = new SocketsHttpHandler { UseCookies = false };
        using var http = new HttpClient(handler) { BaseAddress = new Uri($"http://127.0.0.1:{iot.HttpPort}") };
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        if (cookie is not null)
        {
            request.Headers.Add("Cookie", $"{Name}={cookie}");
        }

        return await http.SendAsync(request);
    }
}
