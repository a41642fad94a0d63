using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Mqtt;

/// <summary>Section 3.3.1.3 of both versions, and 3.8.3.1 of 5.0.</summary>
public sealed class RetainedTests(OpenHost host) : MqttTest(host)
{
    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-3.3.1-5")]
    [Trait("mqtt-3.1.1", "MQTT-3.3.1-6")]
    [Trait("mqtt-3.1.1", "MQTT-3.3.1-7")]
    [Trait("mqtt-3.1.1", "MQTT-3.3.1-8")]
    [Trait("mqtt-3.1.1", "MQTT-3.3.1-9")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-7")]
    [Trait("mqtt", "MQTT-3.3.1-5")]
    public async Task The_last_message_with_RETAIN_of_each_topic_waits_for_subscribers_with_its_QoS(MqttVersion version)
    {
        var present = await Connected("present", version);
        await present.Subscribe(T("#"));
        var publisher = await Connected("publisher", version);
        await Publish(publisher, T("a"), "old", Qos.ExactlyOnce, retain: true);
        await Publish(publisher, T("a"), "new", Qos.AtMostOnce, retain: true);
        await Publish(publisher, T("b"), "once", Qos.ExactlyOnce, retain: true);
        await Publish(publisher, T("c"), "least", Qos.AtLeastOnce, retain: true);
        await present.Until(received => received.Count == 4);
        Assert.All(present.Received, message => Assert.False(message.Retain));
        await publisher.Disconnect(); // and its session is over

        var newcomer = await Connected("newcomer", version);
        await newcomer.Subscribe(T("#"));
        await newcomer.Until(received => received.Count == 3);
        await Publish(newcomer, T("end"), "end");
        await newcomer.Until(received => received.Any(message => message.Text() == "end"));

        Assert.Equal(
            [
                (T("a"), "new", Qos.AtMostOnce, true), (T("b"), "once", Qos.ExactlyOnce, true),
                (T("c"), "least", Qos.AtLeastOnce, true), (T("end"), "end", Qos.AtLeastOnce, false),
            ],
            newcomer.Received.Select(message => (message.Topic, message.Text(), message.Qos, message.Retain)).Order());
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-3.3.1-10")]
    [Trait("mqtt-3.1.1", "MQTT-3.3.1-11")]
    [Trait("mqtt-3.1.1", "MQTT-3.3.1-12")]
    [Trait("mqtt", "MQTT-3.3.1-6")]
    [Trait("mqtt", "MQTT-3.3.1-7")]
    [Trait("mqtt", "MQTT-3.3.1-8")]
    public async Task An_empty_message_with_RETAIN_removes_what_is_retained_and_one_without_RETAIN_does_not(MqttVersion version)
    {
        var present = await Connected("present", version);
        await present.Subscribe(T("#"));
        var publisher = await Connected("publisher", version);
        await Publish(publisher, T("gone"), "1", retain: true);
        await Publish(publisher, T("gone"), "", retain: true);
        await Publish(publisher, T("stays"), "2", retain: true);
        await Publish(publisher, T("stays"), "3");
        await Publish(publisher, T("stays"), "");
        await Publish(publisher, T("never"), "4");
        await Hears(present, "1", "", "2", "3", "", "4");
        Assert.All(present.Received, message => Assert.False(message.Retain));

        // What is retained comes in the order of the subscriptions.
        var newcomer = await Connected("newcomer", version);
        foreach (var topic in new[] { "gone", "never", "stays" })
        {
            await newcomer.Subscribe(T(topic));
        }

        await Hears(newcomer, "2");
        Assert.True(newcomer.Received[0].Retain);
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.3.1-9")]
    [Trait("mqtt", "MQTT-3.3.1-10")]
    [Trait("mqtt", "MQTT-3.3.1-11")]
    public async Task Retain_handling_says_whether_a_subscription_is_sent_what_is_retained()
    {
        var publisher = await Connected("publisher");
        foreach (var topic in new[] { "always", "new", "never", "end" })
        {
            await Publish(publisher, T(topic), topic, retain: true);
        }

        var client = await Connected("client");
        for (var i = 0; i < 2; i++)
        {
            await client.Subscribe(null, Handling("never", RetainHandling.DoNotSend));
            await client.Subscribe(null, Handling("new", RetainHandling.SendIfNew));
            await client.Subscribe(null, Handling("always", RetainHandling.SendAtSubscribe));
        }

        await client.Subscribe(T("end"));
        await Hears(client, "new", "always", "always", "end");

        Subscription Handling(string topic, RetainHandling handling) => new(T(topic), Qos.AtLeastOnce, RetainHandling: handling);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    [Trait("mqtt-3.1.1", "MQTT-3.8.4-3")]
    [Trait("mqtt", "MQTT-3.8.4-3")]
    [Trait("mqtt", "MQTT-3.8.4-4")]
    public async Task The_same_filter_again_replaces_its_subscription_sends_what_is_retained_and_loses_nothing(MqttVersion version)
    {
        var publisher = await Connected("publisher", version);
        await Publish(publisher, T("state"), "state", retain: true);
        var client = await Connected("client", version);
        await client.Subscribe(T("#"), Qos.AtLeastOnce);
        await client.Until(received => received.Count == 1);

        var published = Enumerable.Range(0, 300).Select(i => $"{i}").ToList();
        var publishing = published.ConvertAll(payload => publisher.Publish(T("series"), payload));
        for (var i = 0; i < 5; i++)
        {
            await client.Subscribe(T("#"), i % 2 == 0 ? Qos.ExactlyOnce : Qos.AtLeastOnce);
        }

        await Task.WhenAll(publishing).WaitAsync(MqttClient.Patience);
        await client.Until(received =>
            received.Count(message => message.Topic == T("state")) == 6 && received.Any(message => message.Text() == published[^1]));
        Assert.Equal(published, client.Received.Where(message => message.Topic == T("series")).Select(message => message.Text()));

        // In the end it is one subscription, with what the last SUBSCRIBE said.
        await client.Subscribe(T("#"), Qos.AtMostOnce);
        await Publish(publisher, T("late"), "late", Qos.ExactlyOnce);
        await Publish(publisher, T("end"), "end", Qos.ExactlyOnce);
        await client.Until(received => received.Any(message => message.Text() == "end"));
        Assert.Equal(Qos.AtMostOnce, Assert.Single(client.Received, message => message.Text() == "late").Qos);
    }
}
