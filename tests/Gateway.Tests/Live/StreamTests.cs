using System.Globalization;
using System.Net;
using System.Text;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Gateway.Live;
using OrleansIoT.Gateway.Tests.World;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Tests.Live;

public sealed class StreamTests : IAsyncLifetime
{
    private const string Topic = "plant/t";

    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private GatewayHost _gateway = null!;
    private int _minute;

    public async Task InitializeAsync() => _gateway = await GatewayHost.Start(options => options.MaxStreamsPerCaller = 3);

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_stream_begins_now_and_tells_of_every_reading_with_its_number_as_id()
    {
        Say("1");
        using var stream = await Open($"/iot/{Topic}/stream");
        var start = await stream.Next();
        Assert.Equal(("1", "start", "1"), (start.Id, start.Name, (string)start.Data["cursor"]!));

        Say("""{"value":  2.50}""");
        var reading = await stream.NextReading();
        Assert.Equal(("2", 2L), (reading.Id, reading.Seq));
        Assert.Equal(
            """{"topic":"plant/t","date":"2026-03-01T12:01:00Z","value":{"value":  2.50},"seq":2,"received":"2026-03-01T12:01:00.073Z","device":"meter-7"}""",
            reading.Data.ToJsonString().Replace("""{"value":2.50}""", """{"value":  2.50}""", StringComparison.Ordinal));
        Assert.True(stream.Answer.Headers.CacheControl!.NoStore);
        Assert.Empty(stream.Answer.Content.Headers.ContentEncoding);
    }

    [Fact]
    public async Task A_payload_of_several_lines_is_one_line_of_data()
    {
        Say("1");
        using var stream = await Open($"/iot/{Topic}/stream?after=0");
        await stream.Next();
        await stream.NextReading();
        Say("{\r\n  \"value\": 3\r\n}");
        Assert.Equal(3, (int)(await stream.NextReading()).Data["value"]!["value"]!);
        Say("two\nlines");
        Assert.Equal("two\nlines", (string)(await stream.NextReading()).Data["value"]!);
        _gateway.Grains.AddReading(Topic, Noon, new byte[] { 0xff, 0x0a });
        Assert.Equal("/wo=", (string)(await stream.NextReading()).Data["value"]!["base64"]!);
    }

    [Fact]
    public async Task A_stream_replays_what_the_history_has_behind_its_cursor_and_goes_on_live()
    {
        for (var i = 0; i < 2_000; i++)
        {
            Say("1");
        }

        using var stream = await Open($"/iot/{Topic}/stream?after=10");
        Assert.Equal("10", (await stream.Next()).Id);
        for (var i = 0; i < 500; i++)
        {
            Say("2"); // while it is replayed
        }

        for (var seq = 11; seq <= 2_500; seq++)
        {
            Assert.Equal(seq, (await stream.NextReading()).Seq);
        }
    }

    [Fact]
    public async Task A_stream_that_broke_goes_on_behind_its_last_event()
    {
        Say("1");
        string? last;
        using (var broken = await Open($"/iot/{Topic}/stream?after=0"))
        {
            await broken.Next();
            await broken.NextReading();
            last = broken.LastId;
        }

        Say("2");
        Say("3");
        using var stream = await Open($"/iot/{Topic}/stream?after=0", last);
        Assert.Equal("1", (await stream.Next()).Id);
        Assert.Equal(2, (await stream.NextReading()).Seq);
        Assert.Equal(3, (await stream.NextReading()).Seq);
    }

    [Fact]
    public async Task The_id_of_a_stream_of_several_topics_is_the_cursor_of_all()
    {
        Say("1", "a");
        Say("2", "b");
        using var stream = await Open("/stream?topics=a&topics=b&topics=c&after=0,1,0");
        Assert.Equal(("0,1,0", "start"), await Name(stream));
        Assert.Equal(("1,1,0", "reading"), await Name(stream));
        Say("3", "c");
        Assert.Equal(("1,1,1", "reading"), await Name(stream));
        Say("4", "b");
        Assert.Equal(("1,2,1", "reading"), await Name(stream));

        using var again = await Open("/stream?topics=a&topics=b&topics=c", "1,1,1");
        await again.Next();
        Assert.Equal(("1,2,1", "reading"), await Name(again));
    }

    [Fact]
    public async Task What_a_topic_did_not_tell_is_read_when_a_later_number_shows_that_it_is_missing()
    {
        Say("1");
        using var stream = await Open($"/iot/{Topic}/stream");
        await stream.Next();
        _gateway.Grains.TellsWatchers = false;
        Say("2");
        Say("3");
        _gateway.Grains.TellsWatchers = true;
        Say("4");
        Assert.Equal(2, (await stream.NextReading()).Seq);
        Assert.Equal(3, (await stream.NextReading()).Seq);
        Assert.Equal(4, (await stream.NextReading()).Seq);
    }

    [Fact]
    public async Task A_topic_that_has_forgotten_its_watchers_is_asked_again_within_seconds()
    {
        Say("1");
        using var stream = await Open($"/iot/{Topic}/stream");
        await stream.Next();
        _gateway.Grains.Watchers.Clear(); // its silo has died
        Say("2");
        await _gateway.HearsNews();
        _gateway.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(2, (await stream.NextReading()).Seq);
        Say("3");
        Assert.Equal(3, (await stream.NextReading()).Seq);
    }

    [Fact]
    public async Task A_stream_that_has_no_news_says_that_it_lives()
    {
        Say("1");
        using var stream = await Open($"/iot/{Topic}/stream");
        await stream.Next();
        _gateway.Clock.Advance(LiveStream.Heartbeat);
        await stream.ReadComment();
    }

    [Fact]
    public async Task A_stream_ends_with_its_token()
    {
        Say("1");
        using var stream = await Open($"/iot/{Topic}/stream");
        await stream.Next();
        _gateway.Clock.Advance(TimeSpan.FromMinutes(15) + TimeSpan.FromSeconds(5)); // and the skew that clocks may have
        Assert.Equal("expired", await End(stream));
    }

    [Fact]
    public async Task A_stream_ends_when_its_session_is_revoked()
    {
        Say("1");
        await _gateway.Hears();
        using var stream = await Open($"/iot/{Topic}/stream");
        await stream.Next();
        _gateway.Grains.Sessions.Clear();
        _gateway.Grains.Revoked.Enqueue("default/u-1");
        var end = End(stream);
        while (!end.IsCompleted)
        {
            await _gateway.HearsNews(); // a second, in which the stream is asked
            (await _gateway.Http.GetAsync(new Uri("/health/live", UriKind.Relative))).Dispose(); // and one in which it can write
        }

        Assert.Equal("revoked", await end);
    }

    [Fact]
    public async Task A_topic_that_is_not_granted_is_one_that_nobody_publishes_to_also_where_others_follow_it()
    {
        Say("1");
        Say("1", "mine");
        using var others = await Open($"/iot/{Topic}/stream");
        var vera = _gateway.Grains.AddUser("vera@example.org");
        _gateway.Grains.Users["default/vera@example.org"] = (vera with { Grants = ["mine"] }, "");
        using var narrowed = _gateway.As(Roles.Viewer, id: vera.Id);
        Assert.Contains("no readings", await narrowed.GetAsync($"/iot/{Topic}/stream").IsProblem(404, "not_found"), StringComparison.Ordinal);
        using var stream = await EventClient.Open(narrowed, $"/stream?topics={Topic}&topics=mine&after=0,0");
        Assert.Equal("0,0", (await stream.Next()).Id);
        Say("2");
        Say("2", "mine");
        Assert.Equal("0,1", (await stream.NextReading()).Id);
        Assert.Equal("0,2", (await stream.NextReading()).Id);
    }

    [Fact]
    public async Task A_topic_of_another_tenant_is_not_there()
    {
        Say("1");
        await _gateway.As(Roles.Viewer, "other").GetAsync($"/iot/{Topic}/stream").IsProblem(404, "not_found");
        using var stream = await EventClient.Open(_gateway.As(Roles.Viewer, "other"), $"/stream?topics={Topic}&after=0");
        await stream.Next();
        Say("2");
        _gateway.Grains.AddReading(Topic, Noon, "3"u8.ToArray(), tenant: "other");
        Assert.Equal((1L, 3), ((await stream.NextReading()) is var only ? only.Seq : 0, (int)only.Data["value"]!));
    }

    [Theory]
    [InlineData("/stream", 400)]
    [InlineData("/stream?topics=a&topics=a", 400)]
    [InlineData("/stream?topics=a/%23", 400)]
    [InlineData("/stream?topics=a&after=1,2", 400)]
    [InlineData("/stream?topics=a&after=-1", 400)]
    [InlineData("/stream?topics=a&from=1", 400)]
    [InlineData("/iot/plant/t/stream?after=x", 400)]
    [InlineData("/iot/plant/t/stream?topics=a", 400)]
    [InlineData("/iot/nobody/published/stream", 404)]
    public async Task What_makes_no_sense_is_refused(string path, int status)
    {
        Say("1");
        using var http = _gateway.As(Roles.Viewer);
        await http.GetAsync(path).IsProblem(status, status == 404 ? "not_found" : "invalid");
    }

    [Fact]
    public async Task Nobody_and_who_may_not_read_get_no_stream()
    {
        Say("1");
        await _gateway.Http.GetAsync($"/iot/{Topic}/stream").IsProblem(401, "not_signed_in");
        await _gateway.As(Roles.None).GetAsync("/stream?topics=a").IsProblem(403, "forbidden");
    }

    [Fact]
    public async Task A_caller_has_so_many_streams_and_one_more_when_one_has_ended()
    {
        Say("1");
        var streams = new List<EventClient>();
        for (var i = 0; i < 3; i++)
        {
            streams.Add(await Open($"/iot/{Topic}/stream"));
        }

        using var http = _gateway.As(Roles.Viewer);
        await http.GetAsync($"/iot/{Topic}/stream").IsProblem(429, "too_many");
        streams[0].Dispose();
        await Eventually.IsAsync(async () =>
        {
            using var answer = await http.GetAsync(new Uri($"/iot/{Topic}/stream", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
            return answer.StatusCode == HttpStatusCode.OK;
        });
        streams.ForEach(stream => stream.Dispose());
    }

    [Fact]
    public async Task Head_is_answered_and_ends()
    {
        Say("1");
        using var http = _gateway.As(Roles.Viewer);
        using var answer = await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/iot/{Topic}/stream"));
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task A_topic_that_cannot_be_read_ends_the_stream_with_a_reason()
    {
        Say("1");
        Say("2");
        using var stream = await Open($"/iot/{Topic}/stream");
        await stream.Next();
        _gateway.Grains.Outage = new FailureException(Failure.Unavailable, "The disk is broken.");
        using var http = _gateway.As(Roles.Viewer);
        await http.GetAsync($"/iot/{Topic}/stream?after=0").IsProblem(503, "unavailable");
        _gateway.Grains.Outage = null;
        Say("3");
        Assert.Equal(3, (await stream.NextReading()).Seq); // others go on
    }

    [Fact]
    public async Task Nobody_is_watched_for_when_nobody_follows()
    {
        Say("1");
        using (var stream = await Open($"/iot/{Topic}/stream"))
        {
            await stream.Next();
            Assert.Single(_gateway.Grains.Watchers[$"default/{Topic}"]);
        }

        await Eventually.Is(() => _gateway.Grains.Watchers[$"default/{Topic}"].IsEmpty);
    }

    private static async Task<(string? Id, string Name)> Name(EventClient stream) => await stream.Next() is var next ? (next.Id, next.Name) : default;

    private static async Task<string> End(EventClient stream)
    {
        while (await stream.Next() is var next)
        {
            if (next.Name == "end")
            {
                Assert.Null(await stream.Read());
                return (string)next.Data["code"]!;
            }
        }

        return "";
    }

    private Task<EventClient> Open(string path, string? lastId = null) => EventClient.Open(_gateway.As(Roles.Viewer), path, lastId);

    private void Say(string payload, string topic = Topic) => _gateway.Grains.AddReading(
        topic, Noon.AddMinutes(Interlocked.Increment(ref _minute) - 1), Encoding.UTF8.GetBytes(payload.ToString(CultureInfo.InvariantCulture)));
}
