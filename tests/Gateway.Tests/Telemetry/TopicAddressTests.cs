using OrleansIoT.Failures;
using OrleansIoT.Gateway.Telemetry;

namespace OrleansIoT.Gateway.Tests.Telemetry;

public sealed class TopicAddressTests
{
    private const string Day1 = "2026-03-01T00:00:00Z";
    private const string Day2 = "2026-03-02T00:00:00Z";

    [Theory]
    [InlineData("temperature", "temperature")]
    [InlineData("devices/meter-7/temperature", "devices/meter-7/temperature")]
    [InlineData("devices%2Fmeter-7%2Ftemperature", "devices/meter-7/temperature")]
    [InlineData("devices%2fmeter-7/temperature", "devices/meter-7/temperature")]
    [InlineData("a%2Flatest", "a/latest")]
    [InlineData("latest", "latest")]
    [InlineData("stream", "stream")]
    [InlineData("a%2Fstream", "a/stream")]
    [InlineData("a/Latest", "a/Latest")]
    [InlineData("a/latest/b", "a/latest/b")]
    [InlineData("/a", "/a")]
    [InlineData("a/", "a/")]
    [InlineData("a//b", "a//b")]
    [InlineData("//", "//")]
    [InlineData("./a/../b", "./a/../b")]
    [InlineData("..", "..")]
    [InlineData("%2e%2e/a", "../a")]
    [InlineData("k%C3%BCche/%E6%B8%A9", "küche/温")]
    [InlineData("a%20b", "a b")]
    [InlineData("a%25b", "a%b")]
    [InlineData("a%252Fb", "a%2Fb")]
    [InlineData("a%3Fb", "a?b")]
    [InlineData("a:b;c=d,e@f!$&'()*~", "a:b;c=d,e@f!$&'()*~")]
    [InlineData("$SYS/x", "$SYS/x")]
    [InlineData("x/" + Day1, "x/" + Day1)]
    [InlineData(Day1 + "/" + Day2, Day1 + "/" + Day2)]
    [InlineData("a%2F" + Day1 + "%2F" + Day2, "a/" + Day1 + "/" + Day2)]
    [InlineData("a/" + Day1 + "%2F" + Day2, "a/" + Day1 + "/" + Day2)]
    [InlineData("a/" + Day1 + "/" + Day2 + "/b", "a/" + Day1 + "/" + Day2 + "/b")]
    [InlineData("a/" + Day1 + "/b", "a/" + Day1 + "/b")]
    [InlineData("a/2020-01-01/2020-01-02", "a/2020-01-01/2020-01-02")]
    public void It_is_all_topic(string address, string topic) =>
        Assert.Equal((TopicQuestion.Topic, topic), Ask(address));

    [Theory]
    [InlineData("a/latest", "a")]
    [InlineData("a/b/latest", "a/b")]
    [InlineData("a/latest/latest", "a/latest")]
    [InlineData("a%2Flatest/latest", "a/latest")]
    [InlineData("a/%6Catest", "a")] // an unreserved character is the same escaped or not (RFC 3986 section 6.2.2.2)
    [InlineData("a//latest", "a/")]
    [InlineData("a/" + Day1 + "/" + Day2 + "/latest", "a/" + Day1 + "/" + Day2)]
    public void The_last_segment_latest_asks_for_the_latest(string address, string topic) =>
        Assert.Equal((TopicQuestion.Latest, topic), Ask(address));

    [Theory]
    [InlineData("a/stream", "a")]
    [InlineData("a/latest/stream", "a/latest")]
    [InlineData("a%2Fstream/stream", "a/stream")]
    public void The_last_segment_stream_asks_for_what_comes(string address, string topic) =>
        Assert.Equal((TopicQuestion.Stream, topic), Ask(address));

    [Theory]
    [InlineData("a/" + Day1 + "/" + Day2, "a")]
    [InlineData("a/b/" + Day1 + "/" + Day2, "a/b")]
    [InlineData("a/latest/" + Day1 + "/" + Day2, "a/latest")]
    [InlineData("a%2Flatest/" + Day1 + "/" + Day2, "a/latest")]
    [InlineData("a/" + Day1 + "/" + Day2 + "/" + Day1 + "/" + Day2, "a/" + Day1 + "/" + Day2)]
    [InlineData("a/2026-03-01T00%3A00%3A00Z/2026-03-02T01:00:00%2B01:00", "a")]
    [InlineData("a/2026-03-01T00:00:00Z/2026-03-02T01:00:00+01:00", "a")]
    public void The_last_two_segments_ask_for_a_range_if_both_are_instants(string address, string topic)
    {
        var asked = TopicAddress.Parse(address);

        Assert.Equal((TopicQuestion.Range, topic), (asked.Question, asked.Topic));
        Assert.Equal(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero), asked.Start);
        Assert.Equal(new DateTimeOffset(2026, 3, 2, 0, 0, 0, TimeSpan.Zero), asked.End);
    }

    [Theory]
    [InlineData("", "at least one character")]
    [InlineData("/latest", "at least one character")]
    [InlineData("a/+/b", "no wildcards")]
    [InlineData("a+b", "no wildcards")]
    [InlineData("a/%2B", "no wildcards")]
    [InlineData("a/%23", "no wildcards")]
    [InlineData("a%00b", "U+0000")]
    [InlineData("a%", "two hexadecimal digits")]
    [InlineData("a%2", "two hexadecimal digits")]
    [InlineData("a%zz", "two hexadecimal digits")]
    [InlineData("a%-1", "two hexadecimal digits")]
    [InlineData("a%ff", "UTF-8")]
    [InlineData("a%c0%80", "UTF-8")] // an overlong NUL
    [InlineData("a%ed%a0%80", "UTF-8")] // a surrogate
    [InlineData("a%e2%82/b", "UTF-8")] // a character does not reach over a slash
    [InlineData("a b", "percent-encoded")]
    [InlineData("küche", "percent-encoded")]
    [InlineData("a\u007f", "percent-encoded")]
    [InlineData("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", "levels")]
    [InlineData("a/2026-03-01T00:00:00Z/2026-03-02", "The end of the range is no instant")]
    [InlineData("a/2026-03-01/2026-03-02T00:00:00Z", "The start of the range is no instant")]
    [InlineData("a/2026-03-01T00:00:00Z/2026-03-02T00:00:00", "The end of the range is no instant")]
    [InlineData("a/2026-03-01T00:00:00Z/2026-02-30T00:00:00Z", "The end of the range is no instant")]
    public void It_is_refused_with_the_reason(string address, string reason)
    {
        var refused = Assert.Throws<FailureException>(() => TopicAddress.Parse(address));

        Assert.Equal(Failure.Invalid, refused.Failure);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_topic_longer_than_a_topic_may_be_is_refused() =>
        Assert.Throws<FailureException>(() => TopicAddress.Parse(new string('a', 513)));

    [Fact]
    public void Two_dates_that_are_no_instants_are_a_topic_and_its_absence_explains_ranges()
    {
        var likeRange = TopicAddress.Parse("a/2020-01-01/2020-01-02").NoReadings();
        Assert.Equal(Failure.Invalid, likeRange.Failure);
        Assert.Contains("A range is", likeRange.Message, StringComparison.Ordinal);
        var other = TopicAddress.Parse("a/b").NoReadings();
        Assert.Equal(Failure.NotFound, other.Failure);
        Assert.DoesNotContain("A range is", other.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/iot/a/b", "a/b")]
    [InlineData("/IoT/a", "a")]
    [InlineData("/iot/", "")]
    [InlineData("/iot//a", "/a")]
    [InlineData("/iot/a?limit=1", "a")]
    [InlineData("/iot/a?b=/c?d", "a")]
    [InlineData("/iot/../users", "../users")]
    [InlineData("http://gateway:8080/iot/a?x", "a")]
    public void What_is_below_iot_is_found_in_the_target(string target, string expected)
    {
        Assert.True(TopicAddress.IsBelowIot(target, out var address));
        Assert.Equal(expected, address.ToString());
    }

    [Theory]
    [InlineData("/iot")]
    [InlineData("//iot/a")]
    [InlineData("/iots/a")]
    [InlineData("/users?x=/iot/a")]
    [InlineData("/%69ot/a")]
    [InlineData("http://iot")]
    [InlineData("http://gateway/users/iot/a")]
    [InlineData("*")]
    [InlineData("iot/a")]
    public void What_is_elsewhere_is_not_below_iot(string target) => Assert.False(TopicAddress.IsBelowIot(target, out _));

    private static (TopicQuestion Question, string Topic) Ask(string address)
    {
        var asked = TopicAddress.Parse(address);
        return (asked.Question, asked.Topic);
    }
}
