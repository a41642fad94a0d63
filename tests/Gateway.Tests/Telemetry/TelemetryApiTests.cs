using System.Net;
using System.Text;
using System.Text.Json;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Gateway.Tests.Telemetry;

public sealed class TelemetryApiTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("/iot/devices/meter-7/temperature")]
    [InlineData("/iot/devices/meter-7/temperature/latest")]
    [InlineData("/iot/devices%2Fmeter-7%2Ftemperature")]
    [InlineData("/iot/devices%2Fmeter-7%2Ftemperature/latest")]
    public async Task The_latest_reading_is_the_one_with_the_greatest_time_and_number(string path)
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("devices/meter-7/temperature", Start.AddTicks(1), "21.50"u8.ToArray());
        gateway.Grains.AddReading("devices/meter-7/temperature", Start.AddTicks(1), "21.70"u8.ToArray());
        gateway.Grains.AddReading("devices/meter-7/temperature", Start, "19"u8.ToArray());

        using var answer = await gateway.As(Roles.Viewer).GetAsync(path);

        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(
            """{"topic":"devices/meter-7/temperature","data":[{"date":"2026-03-01T00:00:00.0000001Z","value":21.70,"seq":2,"received":"2026-03-01T00:00:00.0730001Z","device":"meter-7"}]}""",
            await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_range_holds_its_start_and_not_its_end_in_order_of_time_and_number()
    {
        await using var gateway = await GatewayHost.Start();
        foreach (var hour in new[] { 3, 2, 1, 0, 2 })
        {
            gateway.Grains.AddReading("t", Start.AddHours(hour), Encoding.UTF8.GetBytes($"{hour}"));
        }

        var answer = await gateway.As(Roles.Viewer).GetAsync("/iot/t/2026-03-01T01:00:00Z/2026-03-01T04:00:00+01:00").Json();

        Assert.Equal("t", (string)answer["topic"]!);
        Assert.Equal([3L, 2, 5], answer["data"]!.AsArray().Select(reading => (long)reading!["seq"]!));
        Assert.Equal("2026-03-01T01:00:00Z", (string)answer["data"]![0]!["date"]!);
        Assert.True(answer.AsObject().ContainsKey("next"));
        Assert.Null(answer["next"]);
    }

    [Fact]
    public async Task The_pages_of_a_range_are_all_of_it_and_nothing_twice()
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
            var page = await http.GetAsync($"/iot/t/2026-03-01T00:00:00Z/2026-03-02T00:00:00Z?limit=3&cursor={cursor}").Json();
            Assert.InRange(page["data"]!.AsArray().Count, 1, 3);
            values.AddRange(page["data"]!.AsArray().Select(reading => (int)reading!["value"]!));
            cursor = (string?)page["next"];
        }

        Assert.Equal(Enumerable.Range(0, 25), values);
    }

    [Fact]
    public async Task A_page_has_a_thousand_readings_unless_asked_and_ten_thousand_at_most()
    {
        await using var gateway = await GatewayHost.Start();
        for (var i = 0; i < 10_001; i++)
        {
            gateway.Grains.AddReading("t", Start.AddSeconds(i), Encoding.UTF8.GetBytes($"\"{new string('x', i % 100)}\""));
        }

        var http = gateway.As(Roles.Viewer);
        const string range = "/iot/t/2026-03-01T00:00:00Z/2026-04-01T00:00:00Z";

        Assert.Equal(1_000, (await http.GetAsync(range).Json())["data"]!.AsArray().Count);
        var largest = await http.GetAsync($"{range}?limit=10000").Json();
        Assert.Equal(10_000, largest["data"]!.AsArray().Count);
        Assert.NotNull((string?)largest["next"]);
        Assert.Single((await http.GetAsync($"{range}?limit=10000&cursor={largest["next"]}").Json())["data"]!.AsArray());
    }

    [Fact]
    public async Task All_of_time_is_a_range()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("t", Start, "1"u8.ToArray());

        var answer = await gateway.As(Roles.Viewer).GetAsync("/iot/t/0001-01-01T00:00:00Z/9999-12-31T23:59:59.9999999Z").Json();

        Assert.Single(answer["data"]!.AsArray());
    }

    [Fact]
    public async Task A_range_without_readings_of_a_topic_that_has_some_is_an_empty_page()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("t", Start, "1"u8.ToArray());

        var answer = await gateway.As(Roles.Viewer).GetAsync("/iot/t/2027-01-01T00:00:00Z/2028-01-01T00:00:00Z").Json();

        Assert.Empty(answer["data"]!.AsArray());
        Assert.Null(answer["next"]);
    }

    [Fact]
    public async Task Payloads_of_every_kind_make_one_valid_answer()
    {
        await using var gateway = await GatewayHost.Start();
        byte[][] payloads =
        [
            "123456789012345678901234567890.10"u8.ToArray(), "{\"a\": [1, {}]}\n"u8.ToArray(), "on"u8.ToArray(), [], [0xff, 0xfe],
            Encoding.UTF8.GetBytes(new string('[', 61) + new string(']', 61)), Encoding.UTF8.GetBytes(new string('[', 30_000)),
        ];
        foreach (var (index, payload) in payloads.Index())
        {
            gateway.Grains.AddReading("t", Start.AddSeconds(index), payload);
        }

        var text = await gateway.As(Roles.Viewer).GetStringAsync(new Uri("/iot/t/2026-03-01T00:00:00Z/2026-03-02T00:00:00Z", UriKind.Relative));

        var values = JsonDocument.Parse(text).RootElement.GetProperty("data").EnumerateArray()
            .Select(reading => reading.GetProperty("value")).ToList();
        Assert.Equal("123456789012345678901234567890.10", values[0].GetRawText());
        Assert.Equal("{\"a\": [1, {}]}", values[1].GetRawText());
        Assert.Equal("on", values[2].GetString());
        Assert.Equal("", values[3].GetString());
        Assert.Equal("//4=", values[4].GetProperty("base64").GetString());
        Assert.Equal(JsonValueKind.Array, values[5].ValueKind);
        Assert.Equal(30_000, values[6].GetString()!.Length);
    }

    [Theory]
    [InlineData("?limit=0", "'limit'")]
    [InlineData("?limit=-1", "'limit'")]
    [InlineData("?limit=10001", "'limit'")]
    [InlineData("?limit=2147483648", "'limit'")]
    [InlineData("?limit=1.5", "'limit'")]
    [InlineData("?limit=%2B5", "'limit'")]
    [InlineData("?limit=NaN", "'limit'")]
    [InlineData("?limit=1&limit=2", "'limit'")]
    [InlineData("?cursor=x", "'cursor'")]
    [InlineData("?cursor=!!!!!!!!!!!!!!!!!!!!!!", "'cursor'")]
    [InlineData("?cursor=_____________________w", "'cursor'")]
    public async Task A_senseless_limit_or_cursor_is_refused_by_name(string query, string named)
    {
        await using var gateway = await GatewayHost.Start();

        var detail = await gateway.As(Roles.Viewer).GetAsync($"/iot/t/2026-03-01T00:00:00Z/2026-03-02T00:00:00Z{query}").IsProblem(400, "invalid");

        Assert.Contains(named, detail, StringComparison.Ordinal);
        Assert.Empty(gateway.Grains.Calls);
    }

    [Fact]
    public async Task A_cursor_of_another_range_is_refused()
    {
        await using var gateway = await GatewayHost.Start();
        var cursor = new TelemetryPosition(Start.AddDays(-1), 1);

        await gateway.As(Roles.Viewer).GetAsync($"/iot/t/2026-03-01T00:00:00Z/2026-03-02T00:00:00Z?cursor={cursor}").IsProblem(400, "invalid");
    }

    [Theory]
    [InlineData("2026-03-02T00:00:00Z/2026-03-01T00:00:00Z")]
    [InlineData("2026-03-01T00:00:00Z/2026-03-01T00:00:00Z")]
    [InlineData("2026-03-01T01:00:00+01:00/2026-03-01T00:00:00Z")]
    public async Task A_range_that_does_not_start_before_it_ends_is_refused(string range)
    {
        await using var gateway = await GatewayHost.Start();

        var detail = await gateway.As(Roles.Viewer).GetAsync($"/iot/t/{range}").IsProblem(400, "invalid");

        Assert.Contains("starts before it ends", detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/iot/unknown")]
    [InlineData("/iot/unknown/latest")]
    [InlineData("/iot/unknown/2026-03-01T00:00:00Z/2026-03-02T00:00:00Z")]
    public async Task A_topic_without_readings_is_not_found(string path)
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Contains("'unknown'", await gateway.As(Roles.Viewer).GetAsync(path).IsProblem(404, "not_found"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/iot/a/../users", "a/../users")]
    [InlineData("/iot/../users", "../users")]
    [InlineData("/iot/..", "..")]
    [InlineData("/iot//a", "/a")]
    [InlineData("/iot/a//b//", "a//b//")]
    [InlineData("/iot/a%2F..%2Fb", "a/../b")]
    [InlineData("/iot/a%2Flatest", "a/latest")]
    [InlineData("/iot/a/latest/latest", "a/latest")]
    [InlineData("/iot/a%2F2020-01-01T00:00:00Z%2F2021-01-01T00:00:00Z", "a/2020-01-01T00:00:00Z/2021-01-01T00:00:00Z")]
    [InlineData("/IOT/A", "A")]
    [InlineData("http://gateway/iot/a", "a")]
    [InlineData("/iot/-/latest", "-")]
    public async Task The_target_as_sent_is_the_address(string target, string topic)
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading(topic, Start, "1"u8.ToArray());

        var answer = await gateway.Get(target, gateway.Token(Roles.Viewer));

        Assert.Equal(200, answer.Status);
        Assert.Equal(topic, (string)answer.Json["topic"]!);
    }

    [Theory]
    [InlineData("/iot/a%zz", 400)]
    [InlineData("/iot/a%ff", 400)]
    [InlineData("/iot/a/+/b", 400)]
    [InlineData("//iot/a", 404)]
    [InlineData("/%69ot/a", 404)]
    [InlineData("/x/../iot/a/latest", 404)]
    public async Task What_addresses_no_topic_is_refused(string target, int status)
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("a", Start, "1"u8.ToArray());

        var answer = await gateway.Get(target, gateway.Token(Roles.Viewer));

        Assert.Equal(status, answer.Status);
        Assert.Contains("application/problem+json", answer.Head, StringComparison.Ordinal);
        Assert.Empty(gateway.Grains.Calls);
    }

    [Fact]
    public async Task A_signed_out_caller_does_not_learn_whether_an_address_is_one()
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Equal(401, (await gateway.Get("/iot/a%zz")).Status);
        Assert.Equal(401, (await gateway.Get("/iot/a")).Status);
        Assert.Equal(401, (await gateway.Get("/iot/../health/live")).Status);
    }

    [Fact]
    public async Task Head_is_answered_like_get_without_the_body()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("t", Start, "1"u8.ToArray());

        var answer = await gateway.Get("/iot/t", gateway.Token(Roles.Viewer), "HEAD");

        Assert.Equal(200, answer.Status);
        Assert.Equal("", answer.Body);
    }

    [Fact]
    public async Task Who_may_not_read_telemetry_is_told_so()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("t", Start, "1"u8.ToArray());

        using var answer = await gateway.As(Roles.None).GetAsync("/iot/t");

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }
}
