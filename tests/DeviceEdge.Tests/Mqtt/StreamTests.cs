using System.Buffers;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.DeviceEdge.Mqtt.Packets;

namespace OrleansIoT.DeviceEdge.Tests.Mqtt;

/// <summary>However the bytes are cut, the packets are the same.</summary>
public sealed class StreamTests
{
    [Fact]
    public void A_packet_cut_in_two_anywhere_is_the_same_packet()
    {
        foreach (var (packet, version) in Samples.All)
        {
            var bytes = Bytes.Of(packet, version);
            for (var place = 1; place < bytes.Length; place += bytes.Length > 1_000 ? 97 : 1)
            {
                var read = Bytes.Read(Bytes.Cut(bytes, place), packet is ConnectPacket ? null : version);

                Assert.Equal(bytes, Bytes.Of(read, version));
            }
        }
    }

    [Fact]
    public void Bytes_that_come_one_at_a_time_are_a_packet_with_the_last_one_and_not_before()
    {
        foreach (var (packet, version) in Samples.All)
        {
            var bytes = Bytes.Of(packet, version);
            var reader = new MqttPacketReader(packet is ConnectPacket ? null : version, Bytes.Limit);
            for (var count = 1; count < bytes.Length; count += bytes.Length > 1_000 && count > 20 ? 97 : 1)
            {
                var some = Bytes.Cut(bytes[..count], Enumerable.Range(1, count - 1));
                Assert.False(reader.TryRead(ref some, out _));
            }

            var all = Bytes.Cut(bytes, Enumerable.Range(1, bytes.Length - 1));
            Assert.True(reader.TryRead(ref all, out var read));
            Assert.Equal(bytes, Bytes.Of(read, version));
        }
    }

    [Fact]
    public void A_stream_of_packets_gives_each_of_them_wherever_it_is_cut()
    {
        foreach (var version in Enum.GetValues<MqttVersion>())
        {
            var packets = Samples.All.Where(sample => sample.Version == version && sample.Packet is not ConnectPacket)
                .Select(sample => Bytes.Of(sample.Packet, version)).ToList();
            var stream = packets.SelectMany(packet => packet).ToArray();
            for (var place = 1; place < stream.Length; place += 211)
            {
                var reader = new MqttPacketReader(version, Bytes.Limit);
                var rest = Bytes.Cut(stream, place);
                foreach (var expected in packets)
                {
                    Assert.True(reader.TryRead(ref rest, out var packet));
                    Assert.Equal(expected, Bytes.Of(packet, version));
                }

                MqttPacketReader.ExpectEnd(rest);
            }
        }
    }

    [Fact]
    public void The_end_of_the_stream_inside_a_packet_is_an_error_and_between_packets_is_none()
    {
        var bytes = Bytes.Of(new PublishPacket { Topic = "a/b", Payload = "21.5"u8.ToArray() }, MqttVersion.V311);
        MqttPacketReader.ExpectEnd(ReadOnlySequence<byte>.Empty);
        for (var count = 1; count < bytes.Length; count++)
        {
            var rest = new ReadOnlySequence<byte>(bytes, 0, count);
            Assert.False(new MqttPacketReader(MqttVersion.V311, Bytes.Limit).TryRead(ref rest, out _));
            Assert.Equal(ReasonCode.MalformedPacket, Assert.Throws<MqttProtocolException>(() => MqttPacketReader.ExpectEnd(rest)).Reason);
        }
    }

    [Fact]
    public void A_connect_decides_the_version_of_what_follows()
    {
        foreach (var version in Enum.GetValues<MqttVersion>())
        {
            var reader = new MqttPacketReader(null, Bytes.Limit);
            var publish = new PublishPacket { Topic = "a", Payload = "x"u8.ToArray() };
            var stream = new ReadOnlySequence<byte>(
                [.. Bytes.Of(new ConnectPacket { Version = version }, version), .. Bytes.Of(publish, version)]);

            Assert.True(reader.TryRead(ref stream, out _));
            Assert.Equal(version, reader.Version);
            Assert.True(reader.TryRead(ref stream, out var packet));
            Assert.Equal("x"u8, ((PublishPacket)packet).Payload.Span);
        }
    }
}
