using System.Net;
using System.Text;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Telemetry;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.Gateway.Tests.Telemetry;

public sealed class ExportTests
{
    private const string Day = "/iot/devices/meter-7/t/2026-03-01T00:00:00Z/2026-03-02T00:00:00Z";

    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_range_comes_as_csv()
    {
        await using var gateway = await GatewayHost.Start();
        foreach (var (index, payload) in new[] { "21.50", "{\"a\": 1}", "=1+1", "-5", "on", "{\"value\":2.50}" }.Index())
        {
            gateway.Grains.AddReading("devices/meter-7/t", Start.AddSeconds(index), Encoding.UTF8.GetBytes(payload), receivedAt: Start.AddSeconds(10.5));
        }

        using var answer = await Get(gateway, Day, "text/csv");

        Assert.Equal("text/csv; charset=utf-8; header=present", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal(
            "attachment; filename=\"devices_meter-7_t_20260301T000000Z_20260302T000000Z.csv\"",
            answer.Content.Headers.ContentDisposition?.ToString());
        Assert.Equal("Accept", answer.Headers.Vary.Single());
        Assert.Equal(
            "date,number,value,seq,received,device\r\n"
            + "2026-03-01T00:00:00Z,21.50,21.50,1,2026-03-01T00:00:10.5Z,meter-7\r\n"
            + "2026-03-01T00:00:01Z,,\"{\"\"a\"\": 1}\",2,2026-03-01T00:00:10.5Z,meter-7\r\n"
            + "2026-03-01T00:00:02Z,,'=1+1,3,2026-03-01T00:00:10.5Z,meter-7\r\n"
            + "2026-03-01T00:00:03Z,-5,-5,4,2026-03-01T00:00:10.5Z,meter-7\r\n"
            + "2026-03-01T00:00:04Z,,on,5,2026-03-01T00:00:10.5Z,meter-7\r\n"
            + "2026-03-01T00:00:05Z,2.50,\"{\"\"value\"\":2.50}\",6,2026-03-01T00:00:10.5Z,meter-7\r\n",
            await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_spreadsheet_gets_times_by_its_clock_and_the_number_of_a_field()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("devices/meter-7/t", Start.AddMilliseconds(7), "{\"a\":{\"b\":1e3}}"u8.ToArray());

        Assert.Equal(
            "date,number,value,seq,received,device\r\n"
            + "2026-03-01 05:30:00.007,1e3,\"{\"\"a\"\":{\"\"b\"\":1e3}}\",1,2026-03-01 05:30:00.080,meter-7\r\n",
            await (await Get(gateway, $"{Day}?tz=Asia/Kolkata&field=a.b", "text/csv")).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_range_comes_as_a_json_object_a_line()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("devices/meter-7/t", Start, "21.50"u8.ToArray());
        gateway.Grains.AddReading("devices/meter-7/t", Start.AddSeconds(1), "{\r\n \"a\": \"x\\ny\"\n}"u8.ToArray());

        using var answer = await Get(gateway, Day, "application/x-ndjson");

        Assert.Equal("application/x-ndjson", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal(
            """
            {"date":"2026-03-01T00:00:00Z","value":21.50,"seq":1,"received":"2026-03-01T00:00:00.073Z","device":"meter-7"}
            {"date":"2026-03-01T00:00:01Z","value":{   "a": "x\ny" },"seq":2,"received":"2026-03-01T00:00:01.073Z","device":"meter-7"}

            """.ReplaceLineEndings("\n"),
            await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("text/csv", 1)]
    [InlineData("application/x-ndjson", 0)]
    public async Task A_file_has_all_of_the_range_however_many_pages_that_is(string accept, int header)
    {
        const int readings = (2 * TelemetryExport.PageSize) + 1;
        await using var gateway = await GatewayHost.Start();
        for (var i = 0; i < readings; i++)
        {
            gateway.Grains.AddReading("devices/meter-7/t", Start.AddSeconds(i), "1"u8.ToArray());
        }

        async Task<string[]> Lines(string query) =>
            (await (await Get(gateway, Day + query, accept)).Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries)[header..];

        var all = await Lines("");
        Assert.Equal(readings, all.Distinct().Count());
        Assert.Equal(3, gateway.Grains.Calls.Count);
        Assert.Equal(all.Reverse(), await Lines("?order=desc"));
        Assert.Equal(all[..4_500], await Lines("?limit=4500"));
        Assert.Equal(all[10..], await Lines($"?cursor={new TelemetryPosition(Start.AddSeconds(9), 10)}"));
        Assert.Equal(all[..5], await Lines("?asOf=2026-03-01T00:00:04.5Z"));
        Assert.Equal(2 * TelemetryExport.PageSize / 60 + 1, (await Lines("?every=1m")).Length);
        Assert.Equal(2, (await Lines("?every=1m&limit=2")).Length);
        Assert.Equal(10, (await Lines("?points=10&asOf=2026-03-01T00:00:09.5Z")).Length);
    }

    [Fact]
    public async Task Buckets_and_points_come_as_csv_too()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("devices/meter-7/t", Start, "1.5"u8.ToArray());

        Assert.Equal(
            "start,end,max,count\r\n2026-03-01T00:00:00Z,2026-03-01T01:00:00Z,1.5,1\r\n",
            await (await Get(gateway, $"{Day}?every=1h&fn=max,count", "text/csv")).Content.ReadAsStringAsync());
        Assert.Equal(
            "date,value,seq\r\n2026-03-01T00:00:00Z,1.5,1\r\n",
            await (await Get(gateway, $"{Day}?points=10", "text/csv")).Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("application/xml")]
    [InlineData("text/html")]
    [InlineData("application/json;q=0, text/csv;q=0")]
    public async Task A_client_that_takes_none_of_the_forms_is_told_which_there_are(string accept)
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("devices/meter-7/t", Start, "1"u8.ToArray());
        var http = gateway.As(Roles.Viewer);
        http.DefaultRequestHeaders.Add("Accept", accept);

        Assert.Contains("text/csv", await http.GetAsync(Day).IsProblem(406), StringComparison.Ordinal);
        Assert.Empty(gateway.Grains.Calls);
    }

    [Theory]
    [InlineData("/iot/unknown/2026-03-01T00:00:00Z/2026-03-02T00:00:00Z", 404, "not_found")]
    [InlineData("/iot/t/2026-03-01T00:00:00Z/2026-03-02T00:00:00Z?limit=0", 400, "invalid")]
    [InlineData("/iot/t/2026-03-01T00:00:00Z/2026-03-02T00:00:00Z?tz=Europe/Atlantis", 400, "invalid")]
    [InlineData("/iot/t/2026-03-01T00:00:00Z/2026-03-02T00:00:00Z?ordr=desc", 400, "invalid")]
    public async Task What_fails_before_the_file_begins_is_a_problem_like_any_other(string path, int status, string failure)
    {
        await using var gateway = await GatewayHost.Start();
        var http = gateway.As(Roles.Viewer);
        http.DefaultRequestHeaders.Add("Accept", "text/csv");

        await http.GetAsync(path).IsProblem(status, failure);
    }

    [Theory]
    [InlineData("text/csv")]
    [InlineData("application/x-ndjson")]
    public async Task A_file_that_breaks_off_does_not_look_whole_and_is_logged_once(string accept)
    {
        await using var gateway = await GatewayHost.Start();
        for (var i = 0; i <= TelemetryExport.PageSize; i++)
        {
            gateway.Grains.AddReading("devices/meter-7/t", Start.AddSeconds(i), "1"u8.ToArray());
        }

        gateway.Grains.Outage = new FailureException(Failure.Unavailable, "The disk is gone.");
        gateway.Grains.CallsBeforeOutage = 1;

        using var answer = await Get(gateway, Day, accept);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await Assert.ThrowsAsync<HttpRequestException>(() => answer.Content.ReadAsStringAsync());
        Assert.Single(gateway.Log.Lines, line => line.Contains("The disk is gone.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_next_page_is_not_asked_for_before_the_client_has_taken_the_one_before()
    {
        await using var gateway = await GatewayHost.Start();
        var large = Encoding.ASCII.GetBytes(new string('x', 20_000)); // 80 MB a page: no socket holds that
        for (var i = 0; i < 3 * TelemetryExport.PageSize; i++)
        {
            gateway.Grains.AddReading("devices/meter-7/t", Start.AddSeconds(i), large);
        }

        using var answer = await Get(gateway, Day, "text/csv");
        await using var body = await answer.Content.ReadAsStreamAsync();
        await body.ReadExactlyAsync(new byte[1_000_000]);

        Assert.Single(gateway.Grains.Calls);
    }

    [Fact]
    public async Task What_retention_has_dropped_is_said_in_a_header()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("devices/meter-7/t", Start, "1"u8.ToArray());
        gateway.Grains.Dropped["default/devices/meter-7/t"] = new DroppedReadings(Start.AddHours(1.5), 42);

        using var answer = await Get(gateway, Day, "text/csv");

        Assert.Equal("2026-03-01T01:30:00Z", answer.Headers.GetValues(TelemetryExport.DroppedBefore).Single());
    }

    [Fact]
    public async Task The_name_of_a_file_is_harmless_whatever_the_topic()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.AddReading("../a\"\r\nb;=温", Start, "1"u8.ToArray());

        using var answer = await Get(gateway, "/iot/..%2Fa%22%0D%0Ab%3B=%E6%B8%A9/2026-03-01T00:00:00Z/2026-03-02T00:00:00Z", "text/csv");

        Assert.Equal(
            "attachment; filename=\"___a___b____20260301T000000Z_20260302T000000Z.csv\"",
            answer.Content.Headers.ContentDisposition?.ToString());
    }

    private static async Task<HttpResponseMessage> Get(GatewayHost gateway, string path, string accept)
    {
        var http = gateway.As(Roles.Viewer);
        http.DefaultRequestHeaders.Add("Accept", accept);
        return await http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
    }
}
