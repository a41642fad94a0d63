using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;
using OrleansIoT.Failures;
using OrleansIoT.Fixtures;
using OrleansIoT.Identity;
using OrleansIoT.Telemetry;

namespace OrleansIoT.DeviceEdge.Tests.Sessions;

public sealed class ConnectTests
{
    private static readonly byte[] Key = "key"u8.ToArray();

    [Fact]
    [Trait("mqtt", "MQTT-3.1.4-5")]
    [Trait("mqtt", "MQTT-3.2.0-1")]
    [Trait("mqtt", "MQTT-3.2.2-2")]
    public async Task A_device_with_its_key_is_let_in_and_told_what_is_offered()
    {
        await using var edge = await TestEdge.Start();

        var answer = await edge.TryConnect(MqttDevice.Credentials("meter-7", "key"));

        Assert.Equal((ReasonCode.Success, false), (answer!.Reason, answer.SessionPresent));
        var properties = answer.Properties;
        Assert.Equal((ushort)1_000, properties.ReceiveMaximum);
        Assert.Equal(256u * 1024, properties.MaximumPacketSize);
        Assert.Equal((ushort)16, properties.TopicAliasMaximum);
        Assert.Null(properties.MaximumQos); // left out, it is 2, and everything else is available
        Assert.Null(properties.RetainAvailable);
        Assert.Null(properties.WildcardSubscriptionAvailable);
        Assert.Null(properties.SubscriptionIdentifiersAvailable);
        Assert.Null(properties.SharedSubscriptionAvailable);
        Assert.Null(properties.AssignedClientIdentifier);
        Assert.Null(properties.SessionExpiryInterval);
        Assert.Null(properties.ServerKeepAlive);
    }

    [Fact]
    [Trait("mqtt-3.1.1", "MQTT-3.1.4-4")]
    [Trait("mqtt-3.1.1", "MQTT-3.2.0-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.2.2-3")]
    public async Task A_device_of_3_1_1_is_let_in_also_when_it_asks_for_a_session_that_there_is_not()
    {
        await using var edge = await TestEdge.Start();

        var answer = await edge.TryConnect(new ConnectPacket
        {
            Version = MqttVersion.V311,
            ClientId = "anything",
            CleanStart = false,
            UserName = "meter-7",
            Password = Key,
        });

        Assert.Equal((ReasonCode.Success, false), (answer!.Reason, answer.SessionPresent));
    }

    [Fact]
    public async Task The_edge_checks_the_key_as_itself_and_publishes_as_the_device()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Connect();
        await device.Publish("devices/meter-7/t", "1");

        Assert.Equal(Caller.SigningIn("default", "edge"), edge.Device.ConnectCaller);
        Assert.Equal(Caller.Device("default", "meter-7"), (await edge.Device.NextPublish()).Caller);
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.1.3-6")]
    [Trait("mqtt", "MQTT-3.1.3-7")]
    [Trait("mqtt", "MQTT-3.2.2-16")]
    public async Task A_client_of_5_0_without_a_client_identifier_gets_one_that_nobody_else_has()
    {
        await using var edge = await TestEdge.Start();
        var connect = new ConnectPacket { Version = MqttVersion.V500, UserName = "meter-7", Password = Key };

        var first = await edge.TryConnect(connect);
        var assigned = edge.Device.Connected!.ClientId;
        var second = await edge.TryConnect(connect);

        Assert.Equal(assigned, first!.Properties.AssignedClientIdentifier);
        Assert.NotEqual("", assigned);
        Assert.NotEqual(assigned, second!.Properties.AssignedClientIdentifier);
    }

    [Theory]
    [InlineData(true, ReasonCode.Success)]
    [InlineData(false, ReasonCode.ClientIdentifierNotValid)]
    [Trait("mqtt-3.1.1", "MQTT-3.1.3-8")]
    [Trait("mqtt-3.1.1", "MQTT-3.2.2-4")]
    public async Task A_device_of_3_1_1_without_a_client_identifier_has_a_clean_session(bool clean, ReasonCode reason)
    {
        await using var edge = await TestEdge.Start();

        var answer = await edge.TryConnect(new ConnectPacket
        {
            Version = MqttVersion.V311,
            CleanStart = clean,
            UserName = "meter-7",
            Password = Key,
        });

        Assert.Equal(reason, answer!.Reason);
    }

    [Theory]
    [InlineData(MqttVersion.V500, true, null, 0u)]
    [InlineData(MqttVersion.V500, false, 100u, 100u)]
    [InlineData(MqttVersion.V500, true, uint.MaxValue, uint.MaxValue)]
    [InlineData(MqttVersion.V311, true, null, 0u)]
    [InlineData(MqttVersion.V311, false, null, uint.MaxValue)]
    [Trait("mqtt", "MQTT-3.1.2-23")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-4")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-6")]
    public async Task A_session_is_opened_for_as_long_as_it_is_asked_for(MqttVersion version, bool clean, uint? asked, uint expiry)
    {
        await using var edge = await TestEdge.Start();

        await edge.TryConnect(new ConnectPacket
        {
            Version = version,
            ClientId = "c",
            CleanStart = clean,
            UserName = "meter-7",
            Password = Key,
            Properties = asked is null ? Properties.None : new Properties { SessionExpiryInterval = asked },
        });

        Assert.Equal(("c", clean, expiry), (edge.Device.Connected!.ClientId, edge.Device.Connected.CleanStart, edge.Device.Connected.SessionExpiry));
    }

    [Theory]
    [InlineData(MqttVersion.V311)]
    [InlineData(MqttVersion.V500)]
    [Trait("mqtt", "MQTT-3.2.2-3")]
    [Trait("mqtt-3.1.1", "MQTT-3.2.2-2")]
    public async Task A_session_that_was_there_is_said_to_be_present(MqttVersion version)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.Session = edge.Device.Session with { IsPresent = true };

        var answer = await edge.TryConnect(MqttDevice.Credentials("meter-7", "key", version));

        Assert.True(answer!.SessionPresent);
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.1.2-7")]
    public async Task A_will_goes_to_the_grain_with_everything_that_it_has()
    {
        await using var edge = await TestEdge.Start();

        await edge.TryConnect(new ConnectPacket
        {
            Version = MqttVersion.V500,
            ClientId = "c",
            UserName = "meter-7",
            Password = Key,
            Will = new ConnectWill("devices/meter-7/gone", "gone"u8.ToArray(), Qos.ExactlyOnce, Retain: true)
            {
                Properties = new Properties { WillDelayInterval = 5, MessageExpiryInterval = 60, ContentType = "text", UserProperties = [new("a", "b")] },
            },
        });

        var (message, delay) = edge.Device.Connected!.Will!;
        Assert.Equal(("devices/meter-7/gone", "meter-7", Qos.ExactlyOnce, true, 5u), (message.Topic, message.Device, message.Qos, message.Retain, delay));
        Assert.Equal((60u, "text"), (message.Properties!.ExpiresAfter, message.Properties.ContentType));
        Assert.Equal(new UserProperty("a", "b"), Assert.Single(message.Properties.User));
    }

    [Theory]
    [InlineData("meter-7")]
    [InlineData("")]
    [InlineData("../meter-7")]
    public async Task Where_nobody_needs_a_credential_a_client_identifier_is_enough(string clientId)
    {
        await using var edge = await TestEdge.Start(options => options.Anonymous = ["demo/#"]);

        var answer = await edge.TryConnect(new ConnectPacket { Version = MqttVersion.V500, ClientId = clientId });

        Assert.Equal(ReasonCode.Success, answer!.Reason);
        Assert.Equal(clientId.Length == 0, answer.Properties.AssignedClientIdentifier is not null);
        if (clientId == "meter-7")
        {
            var credential = edge.Device.Connected!.Credential;
            Assert.Equal((CredentialKind.None, null), (credential.Kind, credential.Secret));
            Assert.Equal(["demo/#"], credential.Grants.AsEnumerable());
        }
    }

    [Theory]
    [InlineData(0, (ushort)600)]
    [InlineData(601, (ushort)600)]
    [InlineData(600, null)]
    [InlineData(10, null)]
    [Trait("mqtt", "MQTT-3.2.2-22")]
    public async Task A_keep_alive_longer_than_the_servers_is_shortened(ushort asked, ushort? told)
    {
        await using var edge = await TestEdge.Start(options => options.MaxKeepAlive = 600);

        var answer = await edge.TryConnect(new ConnectPacket { Version = MqttVersion.V500, UserName = "meter-7", Password = Key, KeepAlive = asked });

        Assert.Equal(told, answer!.Properties.ServerKeepAlive);
    }

    [Theory]
    [InlineData("meter-7", "wrong", ReasonCode.BadUserNameOrPassword)]
    [InlineData("meter-7", "", ReasonCode.BadUserNameOrPassword)]
    [InlineData("meter-7", null, ReasonCode.BadUserNameOrPassword)]
    [InlineData("../meter-7", "key", ReasonCode.BadUserNameOrPassword)]
    [InlineData("No Tenant/meter-7", "key", ReasonCode.BadUserNameOrPassword)]
    [InlineData("", "key", ReasonCode.NotAuthorized)]
    [InlineData(null, null, ReasonCode.NotAuthorized)]
    [Trait("mqtt", "MQTT-3.1.4-2")]
    [Trait("mqtt", "MQTT-3.2.2-6")]
    [Trait("mqtt-3.1.1", "MQTT-3.2.2-4")]
    public async Task Who_does_not_show_a_devices_id_and_key_is_refused_in_both_versions(string? user, string? password, ReasonCode reason)
    {
        await using var edge = await TestEdge.Start();

        foreach (var version in Enum.GetValues<MqttVersion>())
        {
            var answer = await edge.TryConnect(new ConnectPacket
            {
                Version = version,
                ClientId = "meter-7",
                UserName = user,
                Password = password is null ? default(ReadOnlyMemory<byte>?) : System.Text.Encoding.UTF8.GetBytes(password),
            });

            Assert.Equal((reason, false), (answer!.Reason, answer.SessionPresent));
            Assert.Equal(version == MqttVersion.V500, answer.Properties.ReasonString is not null);
        }

        Assert.Equal(2, edge.Log.Count());
        Assert.DoesNotContain(edge.Log, line => line.Contains("wrong", StringComparison.Ordinal)); // no credential in the log
        Assert.Equal(password == "wrong" ? 1 : 0, edge.Grains.Woken); // no grain wakes up for what cannot be right
    }

    [Fact]
    public async Task A_key_that_is_not_text_is_refused()
    {
        await using var edge = await TestEdge.Start();

        var answer = await edge.TryConnect(new ConnectPacket { Version = MqttVersion.V500, UserName = "meter-7", Password = new byte[] { 0xFF } });

        Assert.Equal(ReasonCode.BadUserNameOrPassword, answer!.Reason);
        Assert.Equal(0, edge.Grains.Woken);
    }

    [Theory]
    [InlineData(Failure.Unavailable, ReasonCode.ServerUnavailable, ReasonCode.ServerUnavailable)]
    [InlineData(Failure.TooMany, ReasonCode.QuotaExceeded, ReasonCode.ServerUnavailable)]
    [InlineData(null, ReasonCode.ServerUnavailable, ReasonCode.ServerUnavailable)]
    public async Task When_the_key_cannot_be_checked_the_device_hears_that_it_may_come_back(Failure? failure, ReasonCode v5, ReasonCode v3)
    {
        await using var edge = await TestEdge.Start();
        edge.Device.OnConnect = () => throw (failure is { } known ? new FailureException(known, "Not now.") : new TimeoutException());

        Assert.Equal(v5, (await edge.TryConnect(MqttDevice.Credentials("meter-7", "key")))!.Reason);
        Assert.Equal(v3, (await edge.TryConnect(MqttDevice.Credentials("meter-7", "key", MqttVersion.V311)))!.Reason);
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.1.2-2")]
    public async Task A_version_from_the_future_is_refused_in_the_newest_form()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Dial();

        await device.SendRaw(Convert.FromHexString("100C00044D515454060200000000"));
        var answer = (ConnAckPacket?)await device.Receive();

        Assert.Equal(ReasonCode.UnsupportedProtocolVersion, answer!.Reason);
        Assert.Null(await device.Receive());
    }

    [Fact]
    [Trait("mqtt-3.1.1", "MQTT-3.1.2-2")]
    [Trait("mqtt-3.1.1", "MQTT-3.2.2-5")]
    public async Task MQTT_3_1_is_refused_with_return_code_1()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Dial(MqttVersion.V311);

        await device.SendRaw(Convert.FromHexString("101100064D5149736470030200000003616263"));
        var answer = (ConnAckPacket?)await device.Receive();

        Assert.Equal(ReasonCode.UnsupportedProtocolVersion, answer!.Reason);
        Assert.Null(await device.Receive());
    }

    [Fact]
    [Trait("mqtt", "MQTT-4.12.0-1")]
    public async Task An_authentication_method_is_refused_because_none_is_offered()
    {
        await using var edge = await TestEdge.Start();

        var answer = await edge.TryConnect(new ConnectPacket
        {
            Version = MqttVersion.V500,
            UserName = "meter-7",
            Password = Key,
            Properties = new Properties { AuthenticationMethod = "SCRAM-SHA-256" },
        });

        Assert.Equal(ReasonCode.BadAuthenticationMethod, answer!.Reason);
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.1.4-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.4-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.2.2-6")]
    public async Task A_malformed_CONNECT_is_answered_with_its_reason_in_5_0_and_not_at_all_in_3_1_1()
    {
        await using var edge = await TestEdge.Start();
        await using var modern = await edge.Dial();
        await using var old = await edge.Dial(MqttVersion.V311);

        await modern.SendRaw(Convert.FromHexString("100D00044D515454050300000000" + "00"));
        await old.SendRaw(Convert.FromHexString("100C00044D5154540403000000" + "00"));

        Assert.Equal(ReasonCode.MalformedPacket, ((ConnAckPacket?)await modern.Receive())!.Reason);
        Assert.Null(await old.Receive());
    }

    [Theory]
    [InlineData("C000")]
    [InlineData("300400016178")]
    [InlineData("E000")]
    [InlineData("474554202F20485454502F312E310D0A0D0A")]
    [InlineData("16030100")]
    [InlineData("10FFFFFF7F")]
    [InlineData("1080808080")]
    [InlineData("10818004")] // 65,537 and more: too much for a CONNECT
    [Trait("mqtt", "MQTT-3.1.0-1")]
    [Trait("mqtt", "MQTT-3.14.0-1")]
    [Trait("mqtt-3.1.1", "MQTT-3.1.0-1")]
    public async Task What_does_not_begin_with_a_CONNECT_is_closed_without_an_answer(string hex)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Dial();

        await device.SendRaw(Convert.FromHexString(hex));

        Assert.Null(await device.Receive());
        Assert.Equal(0, edge.Grains.Woken);
        Assert.Single(edge.Log);
    }

    [Fact]
    public async Task A_CONNECT_that_comes_a_byte_at_a_time_is_a_CONNECT()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Dial();

        foreach (var value in Mqtt.Bytes.Of(MqttDevice.Credentials("meter-7", "key"), MqttVersion.V500))
        {
            await device.SendRaw(new[] { value });
        }

        Assert.Equal(ReasonCode.Success, ((ConnAckPacket?)await device.Receive())!.Reason);
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("101100044D5154")]
    public async Task A_connection_without_a_CONNECT_is_closed_when_its_time_is_over(string hex)
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Dial();
        await device.SendRaw(Convert.FromHexString(hex));
        await Eventually.Is(() => edge.Connections == 1);

        edge.Clock.Advance(TimeSpan.FromSeconds(9));
        await device.SendRaw(Convert.FromHexString(hex.Length == 0 ? "" : "00")); // a drip does not help
        Assert.Equal(1, edge.Connections);
        edge.Clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Null(await device.Receive());
        await Eventually.Is(() => edge.Connections == 0);
        Assert.Equal(0, edge.Grains.Woken);
    }

    [Fact]
    [Trait("mqtt", "MQTT-3.1.4-6")]
    [Trait("mqtt", "MQTT-3.2.2-7")]
    [Trait("mqtt", "MQTT-4.13.2-1")]
    public async Task What_follows_a_refused_CONNECT_is_not_processed()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Dial();

        await device.Send(MqttDevice.Credentials("meter-7", "wrong"), device.Message("devices/meter-7/t", "1"));

        Assert.Equal(ReasonCode.BadUserNameOrPassword, ((ConnAckPacket?)await device.Receive())!.Reason);
        Assert.Null(await device.Receive());
        Assert.Equal(0, edge.Device.Waiting);
    }

    [Fact]
    public async Task What_follows_a_CONNECT_at_once_is_processed_after_it()
    {
        await using var edge = await TestEdge.Start();
        await using var device = await edge.Dial();

        await device.Send(MqttDevice.Credentials("meter-7", "key"), device.Message("devices/meter-7/t", "1"));

        Assert.Equal(PacketType.ConnAck, (await device.Receive())!.Type);
        Assert.Equal(PacketType.PubAck, (await device.Receive())!.Type);
    }

    [Fact]
    public async Task One_connection_more_than_there_may_be_is_closed_and_the_others_live_on()
    {
        await using var edge = await TestEdge.Start(options => options.MaxConnections = 1);
        await using var first = await edge.Connect();
        await using var second = await edge.Dial();

        Assert.Null(await second.Receive());
        Assert.Equal(ReasonCode.Success, await first.Publish("devices/meter-7/t", "1"));
    }

    [Theory]
    [InlineData("a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", "x", ReasonCode.TopicNameInvalid)]
    [InlineData("a/+", "x", ReasonCode.TopicNameInvalid)]
    [InlineData("devices/meter-7/gone", "{\"ts\":\"never\"}", ReasonCode.PayloadFormatInvalid)]
    public async Task A_will_that_could_not_be_published_is_refused_at_CONNECT(string topic, string payload, ReasonCode reason)
    {
        await using var edge = await TestEdge.Start();

        var answer = await edge.TryConnect(new ConnectPacket
        {
            Version = MqttVersion.V500,
            UserName = "meter-7",
            Password = Key,
            Will = new ConnectWill(topic, System.Text.Encoding.UTF8.GetBytes(payload), Qos.AtMostOnce, Retain: false),
        });

        Assert.Equal(reason, answer!.Reason);
    }

    [Fact]
    public async Task An_option_that_makes_no_sense_is_said_at_start()
    {
        var e = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(
            () => TestEdge.Start(options => options.ReceiveMaximum = 0));

        Assert.Contains("DeviceEdge:ReceiveMaximum", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_it_is_not_known_whether_a_client_was_let_in_its_grain_hears_that_it_is_gone()
    {
        await using var edge = await TestEdge.Start();
        edge.Device.OnConnect = () => throw new TimeoutException();

        await edge.TryConnect(MqttDevice.Credentials("meter-7", "key"));

        Assert.False((await edge.Device.NextDisconnect()).Disconnect.PublishesWill);
    }

    [Fact]
    public async Task All_connections_of_an_edge_have_one_reference_for_the_grains()
    {
        await using var edge = await TestEdge.Start();
        await using var first = await edge.Connect();
        await using var second = await MqttDevice.Connect(edge.Port, "meter-8", "key");

        Assert.Equal(1, edge.Grains.References);
        Assert.NotEqual(edge.Device.Connected!.ConnectionId, edge.Grains["meter-8"].Connected!.ConnectionId);
    }
}
