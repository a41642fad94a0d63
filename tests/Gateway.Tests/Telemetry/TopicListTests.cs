using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Telemetry;

public sealed class TopicListTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("/iot?prefix=devices/meter-7/")]
    [InlineData("/iot/?prefix=devices%2Fmeter-7%2F")]
    [InlineData("/IOT?prefix=devices/meter-7/")]
    public async Task Topics_are_listed_with_how_many_readings_they_have_and_of_which_time(string path)
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("devices/meter-7/t", Start.AddHours(2), "1"u8.ToArray());
        gateway.Grains.AddReading("devices/meter-7/t", Start, "1"u8.ToArray());
        gateway.Grains.AddReading("devices/meter-77/t", Start, "1"u8.ToArray());
        gateway.Grains.AddReading("devices/meter-7/secret", Start, "1"u8.ToArray(), tenant: "other");
        gateway.Grains.Topics["default/devices/meter-7/old"] = [];

        Assert.Equal(
            """{"topics":[{"topic":"devices/meter-7/old","readings":0,"first":null,"last":null},{"topic":"devices/meter-7/t","readings":2,"first":"2026-03-01T00:00:00Z","last":"2026-03-01T02:00:00Z"}],"next":null}""",
            await gateway.As(Roles.Viewer).GetStringAsync(new Uri(path, UriKind.Relative)));
    }

    [Fact]
    public async Task The_pages_of_a_list_are_all_of_it_whatever_the_names()
    {
        await using var gateway = await GatewayHost.Start();
        string[] names = ["a", "a b", "a&b=c", "a/b", "küche/温", "x"];
        Array.ForEach(names, name => gateway.Grains.AddReading(name, Start, "1"u8.ToArray()));
        var http = gateway.As(Roles.Viewer);
        var listed = new List<string>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await http.GetAsync($"/iot?limit=1&cursor={cursor}").Json();
            listed.Add((string)page["topics"]!.AsArray().Single()!["topic"]!);
            cursor = (string?)page["next"];
        }

        Assert.Equal(names.Order(StringComparer.Ordinal), listed);
    }

    [Theory]
    [InlineData("?prefix=devices/%2B/t", "wildcards")]
    [InlineData("?prefix=%23", "wildcards")]
    [InlineData("?search=meter", "It takes: prefix, limit, cursor.")]
    [InlineData("?limit=0", "'limit'")]
    [InlineData("?limit=1001", "'limit'")]
    [InlineData("?cursor=%21", "'cursor'")]
    [InlineData("?cursor=_w", "'cursor'")]
    public async Task A_senseless_list_is_refused_with_what_would_be_right(string query, string reason)
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Contains(reason, await gateway.As(Roles.Viewer).GetAsync("/iot" + query).IsProblem(400, "invalid"), StringComparison.Ordinal);
        Assert.Empty(gateway.Grains.Calls);
    }

    [Fact]
    public async Task Who_may_not_read_telemetry_does_not_learn_what_topics_there_are()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("t", Start, "1"u8.ToArray());

        await gateway.As(Roles.None).GetAsync("/iot").IsProblem(403, "forbidden");
        await gateway.Http.GetAsync("/iot").IsProblem(401, "not_signed_in");
        Assert.Empty((await gateway.As(Roles.Admin, tenant: "other").GetAsync("/iot").Json())["topics"]!.AsArray());
    }
}
