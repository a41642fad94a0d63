using System.Text;
using System.Text.Json.Nodes;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Gateway.Tests.Telemetry;

/// <summary>What a query string asks of a range.</summary>
public sealed class RangeTests
{
    private const string Day = "/iot/t/2026-03-01T00:00:00Z/2026-03-02T00:00:00Z";

    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("asc")]
    [InlineData("desc")]
    public async Task The_pages_of_both_orders_are_all_of_the_range_and_nothing_twice(string order)
    {
        await using var gateway = await GatewayHost.Start();
        for (var i = 0; i < 25; i++)
        {
            gateway.Grains.AddReading("t", Start.AddSeconds(i / 5), Encoding.UTF8.GetBytes($"{i}")); // five of each time
        }

        var http = gateway.As(Roles.Viewer);
        var values = new List<int>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await http.GetAsync($"{Day}?order={order}&limit=3&cursor={cursor}").Json();
            values.AddRange(Data(page).Select(reading => (int)reading["value"]!));
            cursor = (string?)page["next"];
        }

        Assert.Equal(order == "asc" ? Enumerable.Range(0, 25) : Enumerable.Range(0, 25).Reverse(), values);
    }

    [Fact]
    public async Task As_of_an_instant_only_what_had_arrived_by_then_is_there()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("t", Start.AddHours(1), "1"u8.ToArray(), receivedAt: Start.AddHours(1));
        gateway.Grains.AddReading("t", Start.AddHours(3), "3"u8.ToArray(), receivedAt: Start.AddHours(9)); // it came late
        gateway.Grains.AddReading("t", Start.AddHours(2), "2"u8.ToArray(), receivedAt: Start.AddHours(2));
        var http = gateway.As(Roles.Viewer);

        async Task<string> Values(string path) =>
            string.Join(' ', Data(await http.GetAsync(path).Json()).Select(reading => (int)reading["value"]!));

        Assert.Equal("1 2", await Values($"{Day}?asOf=2026-03-01T08:59:59.9999999Z"));
        Assert.Equal("1 2 3", await Values($"{Day}?asOf=2026-03-01T10:00:00%2B01:00"));
        Assert.Equal("1 2", await Values($"{Day}?asOf=2026-03-01T08:59:59.99999999Z")); // cut, not rounded up
        Assert.Equal("3", await Values("/iot/t/latest"));
        Assert.Equal("2", await Values("/iot/t/latest?asOf=2026-03-01T08:00:00Z"));
        Assert.Equal("2", await Values("/iot/t?asOf=2026-03-01T08:00:00Z"));
        Assert.Empty(await Values("/iot/t/latest?asOf=2026-03-01T00:59:59Z"));
        Assert.Equal(2, (int)Data(await http.GetAsync($"{Day}?every=1d&fn=count&asOf=2026-03-01T08:00:00Z").Json()).Single()["count"]!);
        Assert.Equal(2, Data(await http.GetAsync($"{Day}?points=10&asOf=2026-03-01T08:00:00Z").Json()).Count());
    }

    [Fact]
    public async Task Buckets_say_what_the_numbers_of_an_hour_come_to()
    {
        await using var gateway = await GatewayHost.Start();
        foreach (var (minute, payload) in new[] { (0, "1"), (10, "4"), (20, "on"), (59, "-0.5"), (180, "{\"value\": 7}"), (200, "{\"other\": 9}") })
        {
            gateway.Grains.AddReading("t", Start.AddMinutes(minute), Encoding.UTF8.GetBytes(payload));
        }

        var answer = await gateway.As(Roles.Viewer).GetStringAsync(new Uri($"{Day}?every=1h&fn=avg,min,max,sum,count,first,last", UriKind.Relative));

        Assert.Equal(
            """{"topic":"t","every":"1h","tz":"UTC","field":null,"last_seq":6,"data":[{"start":"2026-03-01T00:00:00Z","end":"2026-03-01T01:00:00Z","avg":1.5,"min":-0.5,"max":4,"sum":4.5,"count":3,"first":1,"last":-0.5},{"start":"2026-03-01T03:00:00Z","end":"2026-03-01T04:00:00Z","avg":7,"min":7,"max":7,"sum":7,"count":1,"first":7,"last":7}],"next":null}""",
            answer);
    }

    [Fact]
    public async Task Buckets_follow_the_clock_of_a_time_zone_and_a_field_of_the_payload()
    {
        await using var gateway = await GatewayHost.Start();
        for (var hour = 0; hour < 48; hour++)
        {
            gateway.Grains.AddReading("t", new DateTimeOffset(2026, 10, 24, hour % 24, 30, 0, TimeSpan.Zero).AddDays(hour / 24), "{\"a\": {\"b\": 2}}"u8.ToArray());
        }

        var answer = await gateway.As(Roles.Viewer)
            .GetAsync("/iot/t/2026-10-24T00:00:00Z/2026-10-27T00:00:00Z?every=1d&tz=Europe/Lisbon&field=a.b").Json();

        Assert.Equal(("Europe/Lisbon", "a.b"), ((string)answer["tz"]!, (string)answer["field"]!));
        Assert.Equal(
            [("2026-10-23T23:00:00Z", "2026-10-24T23:00:00Z", 23), ("2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z", 25)],
            Data(answer).Select(bucket => ((string)bucket["start"]!, (string)bucket["end"]!, (int)bucket["count"]!)));
        Assert.Equal(["start", "end", "avg", "min", "max", "count"], Data(answer).First().AsObject().Select(member => member.Key));
    }

    [Fact]
    public async Task The_pages_of_buckets_are_all_of_them_and_none_twice()
    {
        await using var gateway = await GatewayHost.Start();
        for (var i = 0; i < 100; i++)
        {
            gateway.Grains.AddReading("t", Start.AddMinutes(i * 7), "1"u8.ToArray());
        }

        var http = gateway.As(Roles.Viewer);
        var counts = new List<(string, int)>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await http.GetAsync($"{Day}?every=15m&fn=count&limit=4&cursor={cursor}").Json();
            counts.AddRange(Data(page).Select(bucket => ((string)bucket["start"]!, (int)bucket["count"]!)));
            cursor = (string?)page["next"];
        }

        Assert.Equal(47, counts.Distinct().Count());
        Assert.Equal((47, 100), (counts.Count, counts.Sum(bucket => bucket.Item2)));
    }

    [Fact]
    public async Task A_sum_beyond_a_double_is_null()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("t", Start, "1e308"u8.ToArray());
        gateway.Grains.AddReading("t", Start, "1e308"u8.ToArray());

        var bucket = Data(await gateway.As(Roles.Viewer).GetAsync($"{Day}?every=1h&fn=sum,max").Json()).Single();

        Assert.Null(bucket["sum"]);
        Assert.Equal(1e308, (double)bucket["max"]!);
    }

    [Fact]
    public async Task The_points_of_a_chart_have_every_peak()
    {
        await using var gateway = await GatewayHost.Start();
        for (var i = 0; i < 1_000; i++)
        {
            gateway.Grains.AddReading("t", Start.AddSeconds(i * 86), Encoding.UTF8.GetBytes(i == 555 ? "99.5" : "20"));
        }

        var answer = await gateway.As(Roles.Viewer).GetAsync($"{Day}?points=10").Json();

        Assert.Equal((10, 1_000L), ((int)answer["points"]!, (long)answer["readings"]!));
        Assert.Equal(11, Data(answer).Count());
        Assert.Single(Data(answer), point => (double)point["value"]! == 99.5 && (long)point["seq"]! == 556);
        Assert.Equal("2026-03-01T00:00:00Z", (string)Data(answer).First()["date"]!);
    }

    [Theory]
    [InlineData("?ordr=desc", "'ordr' is not a parameter of this address. It takes: order,")]
    [InlineData("?order=down", "asc or desc")]
    [InlineData("?order=desc&order=asc", "can be there once")]
    [InlineData("?asOf=yesterday", "'asOf' is an instant")]
    [InlineData("?asOf=2026-03-01T00:00:00+01:00", "%2B")]
    [InlineData("?every=0h", "at least 1")]
    [InlineData("?every=7m", "divides a day")]
    [InlineData("?every=1", "such as 15m")]
    [InlineData("?every=1h&fn=median", "avg, min, max, sum, count, first, last")]
    [InlineData("?every=1h&fn=avg,avg", "each once")]
    [InlineData("?every=1h&fn=avg,", "each once")]
    [InlineData("?every=1h&tz=Europe/Atlantis", "IANA")]
    [InlineData("?every=1h&points=10", "one of them at a time")]
    [InlineData("?every=1h&order=desc", "'order' does not go with 'every'")]
    [InlineData("?every=1h&limit=10001", "'limit'")]
    [InlineData("?every=1h&cursor=x", "'cursor'")]
    [InlineData("?points=10&limit=5", "'limit' does not go with 'points'")]
    [InlineData("?points=10&tz=UTC", "'tz' does not go with 'points'")]
    [InlineData("?points=0", "'points' is a whole number from 1 to 10000")]
    [InlineData("?points=10001", "'points'")]
    [InlineData("?points=many", "'points'")]
    [InlineData("?fn=avg", "'fn' goes only with 'every'")]
    [InlineData("?tz=UTC", "'tz' goes only with 'every'")]
    [InlineData("?field=a", "'field' goes only with 'every' or 'points'")]
    public async Task A_senseless_question_is_refused_with_what_would_be_right(string query, string reason)
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("t", Start, "1"u8.ToArray());

        Assert.Contains(reason, await gateway.As(Roles.Viewer).GetAsync(Day + query).IsProblem(400, "invalid"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/iot/t?limit=1", "It takes: asOf.")]
    [InlineData("/iot/t/latest?order=desc", "It takes: asOf.")]
    [InlineData("/iot/t/latest?asOf=now", "'asOf' is an instant")]
    public async Task The_latest_takes_only_the_instant_as_of_which_it_is_the_latest(string path, string reason)
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Contains(reason, await gateway.As(Roles.Viewer).GetAsync(path).IsProblem(400, "invalid"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cursor_of_readings_is_none_of_buckets_and_the_other_way_round()
    {
        await using var gateway = await GatewayHost.Start();
        var http = gateway.As(Roles.Viewer);

        await http.GetAsync($"{Day}?every=1h&cursor={new TelemetryPosition(Start.AddHours(1), 1)}").IsProblem(400, "invalid");
        await http.GetAsync($"{Day}?cursor={new TelemetryPosition(Start.AddHours(1), 0)}").IsProblem(400, "invalid");
    }

    [Fact]
    public async Task A_parameter_that_is_empty_is_left_out()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("t", Start, "1"u8.ToArray());

        var answer = await gateway.As(Roles.Viewer).GetAsync($"{Day}?every=&fn=&tz=&field=&points=&order=&asOf=&limit=&cursor=").Json();

        Assert.Equal(["topic", "last_seq", "data", "next"], answer.AsObject().Select(member => member.Key));
    }

    [Theory]
    [InlineData("/iot/unknown/2026-03-01T00:00:00Z/2026-03-02T00:00:00Z?every=1h")]
    [InlineData("/iot/unknown/2026-03-01T00:00:00Z/2026-03-02T00:00:00Z?points=10")]
    [InlineData("/iot/unknown/latest?asOf=2026-03-01T00:00:00Z")]
    public async Task A_topic_without_readings_is_not_found_whatever_is_asked(string path)
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("unknown", Start, "1"u8.ToArray(), tenant: "other");

        Assert.Contains("'unknown'", await gateway.As(Roles.Viewer).GetAsync(path).IsProblem(404, "not_found"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Day)]
    [InlineData(Day + "?every=1h")]
    [InlineData(Day + "?points=10")]
    [InlineData("/iot/t/latest")]
    [InlineData("/iot/t/latest?asOf=2026-04-01T00:00:00Z")]
    public async Task What_retention_has_dropped_is_said_and_the_topic_is_still_one(string path)
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Topics["default/t"] = [];
        gateway.Grains.Dropped["default/t"] = new DroppedReadings(Start.AddDays(9), 42);

        var answer = await gateway.As(Roles.Viewer).GetAsync(path).Json();

        Assert.Empty(Data(answer));
        Assert.Equal("""{"before":"2026-03-10T00:00:00Z","readings":42}""", answer["dropped"]!.ToJsonString());
    }

    [Theory]
    [InlineData("?every=1h")]
    [InlineData("?points=10")]
    public async Task Who_may_not_read_telemetry_may_not_have_it_summed_up(string query)
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("t", Start, "1"u8.ToArray());

        await gateway.As(Roles.None).GetAsync(Day + query).IsProblem(403, "forbidden");
        await gateway.Http.GetAsync(Day + query).IsProblem(401, "not_signed_in");
    }

    private static IEnumerable<JsonNode> Data(JsonNode answer) => answer["data"]!.AsArray().Select(row => row!);
}
