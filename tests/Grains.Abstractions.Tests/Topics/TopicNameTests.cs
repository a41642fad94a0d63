using OrleansIoT.Topics;

namespace OrleansIoT.Grains.Abstractions.Tests.Topics;

public sealed class TopicNameTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("/")]
    [InlineData("a//b/")]
    [InlineData("Zählerstände/Küche 1")]
    public void Every_string_without_wildcards_is_a_name(string topic) => Assert.True(TopicName.IsValid(topic, out _));

    [Theory]
    [InlineData("")]
    [InlineData("a/+")]
    [InlineData("#")]
    [InlineData("a\0")]
    [Trait("mqtt", "MQTT-3.3.2-2")]
    [Trait("mqtt", "MQTT-4.7.0-1")]
    [Trait("mqtt", "MQTT-4.7.3-1")]
    [Trait("mqtt", "MQTT-4.7.3-2")]
    [Trait("mqtt-3.1.1", "MQTT-3.3.2-2")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.1-1")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.3-1")]
    [Trait("mqtt-3.1.1", "MQTT-4.7.3-2")]
    public void Wildcards_nothing_and_NUL_are_none(string topic) => Assert.False(TopicName.IsValid(topic, out _));

    [Fact]
    public void The_limits_count_bytes_and_levels()
    {
        Assert.True(TopicName.IsValid(new string('a', TopicName.MaxBytes), out _));
        Assert.False(TopicName.IsValid(new string('ä', (TopicName.MaxBytes / 2) + 1), out _));
        Assert.True(TopicName.IsValid(string.Join('/', Enumerable.Repeat("a", TopicName.MaxLevels)), out _));
        Assert.False(TopicName.IsValid(string.Join('/', Enumerable.Repeat("a", TopicName.MaxLevels + 1)), out _));
    }
}
