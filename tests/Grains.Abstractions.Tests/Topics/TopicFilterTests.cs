using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Abstractions.Tests.Topics;

public sealed class TopicFilterTests
{
    [Theory]
    [InlineData("sport/tennis/player1/#", "sport/tennis/player1")]
    [InlineData("sport/tennis/player1/#", "sport/tennis/player1/ranking")]
    [InlineData("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon")]
    [InlineData("sport/#", "sport")]
    [InlineData("#", "sport/tennis")]
    [InlineData("#", "/")]
    [InlineData("sport/tennis/+", "sport/tennis/player1")]
    [InlineData("sport/+", "sport/")]
    [InlineData("+/+", "/finance")]
    [InlineData("/+", "/finance")]
    [InlineData("+/tennis/#", "sport/tennis")]
    [InlineData("a//b", "a//b")]
    [InlineData("a/+/b", "a//b")]
    [InlineData("$SYS/#", "$SYS/monitor")]
    [InlineData("$SYS/monitor/+", "$SYS/monitor/Clients")]
    [Trait("mqtt", "MQTT-4.7.1-1")]
    [Trait("mqtt", "MQTT-4.7.1-2")]
    [Trait("mqtt", "MQTT-4.7.2-1")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.1-2")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.1-3")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.2-1")]
    public void A_filter_matches_what_the_specification_says(string filter, string topic)
    {
        Assert.True(TopicFilter.IsValid(filter, out _));
        Assert.True(TopicFilter.Matches(filter, topic));
    }

    [Theory]
    [InlineData("sport/tennis/+", "sport/tennis/player1/ranking")]
    [InlineData("sport/+", "sport")]
    [InlineData("+", "/finance")]
    [InlineData("sport/tennis", "sport/tennis/")]
    [InlineData("Sport", "sport")]
    [InlineData("sport/tennis/player1/#", "sport/tennis/player10")]
    [InlineData("#", "$SYS/monitor")]
    [InlineData("+/monitor/Clients", "$SYS/monitor/Clients")]
    [InlineData("a/#", "ab")]
    [Trait("mqtt", "MQTT-4.7.2-1")]
    [Trait("mqtt", "MQTT-4.7.3-4")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.2-1")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.3-4")]
    public void And_nothing_else(string filter, string topic) => Assert.False(TopicFilter.Matches(filter, topic));

    [Theory]
    [InlineData("")]
    [InlineData("sport/tennis#")]
    [InlineData("sport/tennis/#/ranking")]
    [InlineData("sport+")]
    [InlineData("+a/b")]
    [InlineData("a\0b")]
    [Trait("mqtt", "MQTT-4.7.1-1")]
    [Trait("mqtt", "MQTT-4.7.1-2")]
    [Trait("mqtt", "MQTT-4.7.3-1")]
    [Trait("mqtt", "MQTT-4.7.3-2")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.1-2")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.1-3")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.3-1")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.3-2")]
    public void What_is_no_filter_is_refused_with_a_sentence(string filter)
    {
        Assert.False(TopicFilter.IsValid(filter, out var why));
        Assert.EndsWith(".", why, StringComparison.Ordinal);
    }

    [Fact]
    public void It_agrees_with_a_filter_written_as_a_regular_expression()
    {
        var random = new Random(4711);
        string[] levels = ["", "a", "b", "$x", "+", "#"];
        for (var i = 0; i < 20_000; i++)
        {
            var filter = string.Join('/', Enumerable.Range(0, random.Next(1, 5)).Select(_ => levels[random.Next(6)]));
            var topic = string.Join('/', Enumerable.Range(0, random.Next(1, 5)).Select(_ => levels[random.Next(4)]));
            if (TopicFilter.IsValid(filter, out _) && topic.Length > 0)
            {
                Assert.Equal(MatchesByRegex(filter, topic), TopicFilter.Matches(filter, topic));
            }
        }
    }

    private static bool MatchesByRegex(string filter, string topic)
    {
        var pattern = System.Text.RegularExpressions.Regex.Escape(filter)
            .Replace("\\+", "[^/]*", StringComparison.Ordinal)
            .Replace("/\\#", "(/.*)?", StringComparison.Ordinal)
            .Replace("\\#", ".*", StringComparison.Ordinal);
        return !(topic.StartsWith('$') && filter[0] is ('+' or '#'))
            && System.Text.RegularExpressions.Regex.IsMatch(topic, $"^{pattern}$");
    }

    [Theory]
    [InlineData("#", "a/b", true)]
    [InlineData("#", "#", true)]
    [InlineData("#", "+/+", true)]
    [InlineData("#", "$a/b", false)]
    [InlineData("$a/#", "$a/b", true)]
    [InlineData("+/b", "+/b", true)]
    [InlineData("+/b", "a/b", true)]
    [InlineData("a/b", "+/b", false)]
    [InlineData("+", "#", false)]
    [InlineData("+/#", "#", false)]
    [InlineData("a/#", "a", true)]
    [InlineData("a/#", "a/#", true)]
    [InlineData("a/+", "a/#", false)]
    [InlineData("a/+", "a", false)]
    [InlineData("a", "a/+", false)]
    [InlineData("a/#", "a/+/c/#", true)]
    [InlineData("+/a", "$x/a", false)]
    public void A_filter_covers_another_if_it_matches_all_that_the_other_matches(string wider, string filter, bool covers) =>
        Assert.Equal(covers, TopicFilter.Covers(wider, filter));
}
