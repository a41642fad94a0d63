using System.Net;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Cluster;

/// <summary>What a proxy is told of a process that ends: not ready, while it still serves.</summary>
public sealed class ReadinessTests
{
    [Theory]
    [InlineData("silo")]
    [InlineData("edge")]
    [InlineData("gateway")]
    public async Task Who_is_told_to_end_is_not_ready_any_more_before_it_ends(string role)
    {
        await using var cluster = await TestCluster.Start(silos: 2, edges: 1, gateways: 1);
        var process = role switch
        {
            "silo" => cluster.Silos[1],
            "edge" => cluster.Edges[0],
            _ => cluster.Gateways[0],
        };
        using var proxy = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{process.HttpPort}") };
        Assert.Equal(HttpStatusCode.OK, await Ask(proxy));

        var ended = process.Terminate();
        var answers = new List<HttpStatusCode>();
        while (await Ask(proxy) is { } answer)
        {
            answers.Add(answer);
            await Task.Delay(20); // a proxy asks again and again
        }

        Assert.Equal(0, await ended);
        if (role != "silo") // to which nobody sends anybody: it may be gone before it is asked once more
        {
            Assert.Contains(HttpStatusCode.ServiceUnavailable, answers);
        }

        Assert.DoesNotContain(HttpStatusCode.OK, answers.SkipWhile(answer => answer == HttpStatusCode.OK));
    }

    [Fact]
    public async Task A_gateway_that_ends_serves_who_comes_until_proxies_have_seen_it()
    {
        await using var cluster = await TestCluster.Start(silos: 1, edges: 0, gateways: 1);
        using var admin = await IotClient.Administrator(cluster.Gateways[0]);
        var ended = cluster.Gateways[0].Terminate();
        await Eventually.IsAsync(async () => (await admin.Get("/health/ready")).Status == HttpStatusCode.ServiceUnavailable);
        Assert.Equal(HttpStatusCode.OK, (await admin.Get("/devices")).Status);
        await ended;
    }

    /// <returns>Null when nobody listens.</returns>
    private static async Task<HttpStatusCode?> Ask(HttpClient client)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri("/health/ready", UriKind.Relative));
            return answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
