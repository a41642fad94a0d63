using System.Collections.Immutable;
using OrleansIoT.Sessions;
using OrleansIoT.Telemetry;

namespace OrleansIoT.History;

/// <summary>
/// A message as bytes, in queues, wills and retained messages: everything that a subscriber is told about it. The first
/// byte is the version of the rest. Packet identifier and DUP flag are of one hop and not in it.
/// </summary>
internal static class MessageBlob
{
    private const byte Version = 1;

    // About what is in it besides payload and names.
    private const int Overhead = 64;

    [Flags]
    private enum Has : byte
    {
        None = 0,
        Format = 1,
        IsUtf8 = 2,
        Expiry = 4,
        ContentType = 8,
        ResponseTopic = 16,
        CorrelationData = 32,
    }

    public static byte[] Write(TelemetryMessage message)
    {
        var bytes = new MemoryStream(message.Payload.Length + message.Topic.Length + message.Device.Length + Overhead);
        using var writer = new BinaryWriter(bytes);
        writer.Write(Version);
        writer.Write(message.Topic);
        writer.Write(message.Device);
        writer.Write(message.At.UtcTicks);
        writer.Write(message.ReceivedAt.UtcTicks);
        writer.Write(message.HasOwnTime);
        writer.Write(message.Seq);
        writer.Write((byte)message.Qos);
        writer.Write(message.Retain);
        writer.Write(message.Properties is not null);
        if (message.Properties is { } properties)
        {
            Write(writer, properties);
        }

        Write(writer, message.Payload);
        return bytes.ToArray();
    }

    /// <exception cref="InvalidDataException">It was written by a version that this one does not know.</exception>
    public static TelemetryMessage Read(ReadOnlySpan<byte> blob)
    {
        using var reader = new BinaryReader(new MemoryStream(blob.ToArray()));
        var version = reader.ReadByte();
        return version == Version
            ? new TelemetryMessage
            {
                Topic = reader.ReadString(),
                Device = reader.ReadString(),
                At = ReadTime(reader),
                ReceivedAt = ReadTime(reader),
                HasOwnTime = reader.ReadBoolean(),
                Seq = reader.ReadInt64(),
                Qos = (Qos)reader.ReadByte(),
                Retain = reader.ReadBoolean(),
                Properties = reader.ReadBoolean() ? ReadProperties(reader) : null,
                Payload = ReadBytes(reader),
            }
            : throw new InvalidDataException($"A stored message is of version {version}; this program knows {Version}.");
    }

    private static void Write(BinaryWriter writer, MessageProperties properties)
    {
        writer.Write((byte)WhatHas(properties));
        if (properties.ExpiresAfter is { } seconds)
        {
            writer.Write(seconds);
        }

        if (properties.ContentType is { } contentType)
        {
            writer.Write(contentType);
        }

        if (properties.ResponseTopic is { } responseTopic)
        {
            writer.Write(responseTopic);
        }

        if (properties.CorrelationData is { } correlationData)
        {
            Write(writer, correlationData);
        }

        writer.Write7BitEncodedInt(properties.User.Length);
        foreach (var (name, value) in properties.User)
        {
            writer.Write(name);
            writer.Write(value);
        }
    }

    private static Has WhatHas(MessageProperties properties) =>
        (properties.IsUtf8 is null ? Has.None : Has.Format)
        | (properties.IsUtf8 is true ? Has.IsUtf8 : Has.None)
        | (properties.ExpiresAfter is null ? Has.None : Has.Expiry)
        | (properties.ContentType is null ? Has.None : Has.ContentType)
        | (properties.ResponseTopic is null ? Has.None : Has.ResponseTopic)
        | (properties.CorrelationData is null ? Has.None : Has.CorrelationData);

    private static MessageProperties ReadProperties(BinaryReader reader)
    {
        var has = (Has)reader.ReadByte();
        return new MessageProperties(
            has.HasFlag(Has.Format) ? has.HasFlag(Has.IsUtf8) : null,
            has.HasFlag(Has.Expiry) ? reader.ReadUInt32() : null,
            has.HasFlag(Has.ContentType) ? reader.ReadString() : null,
            has.HasFlag(Has.ResponseTopic) ? reader.ReadString() : null,
            has.HasFlag(Has.CorrelationData) ? ReadBytes(reader) : default(ReadOnlyMemory<byte>?),
            ReadUser(reader));
    }

    private static ImmutableArray<UserProperty> ReadUser(BinaryReader reader)
    {
        var user = ImmutableArray.CreateBuilder<UserProperty>(reader.Read7BitEncodedInt());
        for (var i = 0; i < user.Capacity; i++)
        {
            user.Add(new UserProperty(reader.ReadString(), reader.ReadString()));
        }

        return user.MoveToImmutable();
    }

    private static void Write(BinaryWriter writer, ReadOnlyMemory<byte> bytes)
    {
        writer.Write7BitEncodedInt(bytes.Length);
        writer.Write(bytes.Span);
    }

    private static ReadOnlyMemory<byte> ReadBytes(BinaryReader reader) => reader.ReadBytes(reader.Read7BitEncodedInt());

    private static DateTimeOffset ReadTime(BinaryReader reader) => new(reader.ReadInt64(), TimeSpan.Zero);
}
