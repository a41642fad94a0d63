using System.Net;
using Microsoft.Extensions.Logging;
using OrleansIoT.DeviceEdge.Mqtt;

namespace OrleansIoT.DeviceEdge.Sessions;

internal sealed partial class DeviceSession
{
    private EndPoint? Remote => _connection.RemoteEndPoint;

    private void LogRefused(ReasonCode reason, string why)
    {
        _edge.Metrics.ConnectionRefused(reason);
        Refused(_edge.Log, Remote, reason, why);
    }

    private void LogNoConnect()
    {
        if (_ending is { IsFault: true } ending)
        {
            Refused(_edge.Log, Remote, ReasonCode.UnspecifiedError, ending.Why);
        }
    }

    private void LogConnected(string device) => Connected(_edge.Log, device, Remote, _outgoing.Version);

    private void LogEnded(string device, Ending ending)
    {
        if (ending.IsFault)
        {
            Ended(_edge.Log, LogLevel.Warning, device, Remote, ending.Why, ending.Say);
        }
        else
        {
            Ended(_edge.Log, LogLevel.Debug, device, Remote, ending.Why, ending.Say);
        }
    }

    private void LogCutOff(string device) => CutOff(_edge.Log, device, Remote, _edge.Options.CloseTimeout);

    private void LogSignInFailed(Exception e) => SignInFailed(_edge.Log, Remote, e);

    private void LogSignOutFailed(string device, Exception e) => SignOutFailed(_edge.Log, device, e);

    private void LogStoreFailed(string device, int messages, Exception e) => StoreFailed(_edge.Log, device, messages, e);

    /// <summary>One line a batch, so that a device which sends nothing but nonsense does not fill the log.</summary>
    private void LogRefusedMessages(PendingAcks acks)
    {
        var level = LogLevel.Debug; // QoS 0 may be lost
        PendingAck? first = null;
        foreach (var ack in acks.InOrder)
        {
            if (ack.IsRefused)
            {
                first ??= ack;
                level = ack.PacketId != 0 ? LogLevel.Warning : level;
            }
        }

        MessagesRefused(_edge.Log, level, _device!.Id, acks.Refused, acks.Count, first!.Value.Reason, first.Value.Why);
    }

    private void LogWillRefused(string device, string why) => WillRefused(_edge.Log, device, why);

    private void LogWillFailed(string device, Exception e) => WillFailed(_edge.Log, device, e);

    [LoggerMessage(LogLevel.Warning, "Refused a connection from {Remote}: {Reason}, {Why}")]
    private static partial void Refused(ILogger log, EndPoint? remote, ReasonCode reason, string why);

    [LoggerMessage(LogLevel.Debug, "Device {Device} connected from {Remote} with {Version}")]
    private static partial void Connected(ILogger log, string device, EndPoint? remote, MqttVersion version);

    [LoggerMessage("The connection of device {Device} from {Remote} ends: {Why} ({Say})")]
    private static partial void Ended(ILogger log, LogLevel level, string device, EndPoint? remote, string why, ReasonCode? say);

    [LoggerMessage(LogLevel.Warning, "The connection of device {Device} from {Remote} was cut: it had not ended after {Limit}")]
    private static partial void CutOff(ILogger log, string device, EndPoint? remote, TimeSpan limit);

    [LoggerMessage(LogLevel.Error, "The credential of a connection from {Remote} could not be checked")]
    private static partial void SignInFailed(ILogger log, EndPoint? remote, Exception e);

    [LoggerMessage(LogLevel.Warning, "The grain of device {Device} was not told that its connection ended")]
    private static partial void SignOutFailed(ILogger log, string device, Exception e);

    [LoggerMessage(LogLevel.Error, "{Messages} messages of device {Device} were not acknowledged, because storing them failed")]
    private static partial void StoreFailed(ILogger log, string device, int messages, Exception e);

    [LoggerMessage("Of {Count} messages of device {Device} {Refused} were not stored, the first for {Reason}: {Why}")]
    private static partial void MessagesRefused(ILogger log, LogLevel level, string device, int refused, int count, ReasonCode reason, string? why);

    [LoggerMessage(LogLevel.Warning, "The will of device {Device} was not stored: {Why}")]
    private static partial void WillRefused(ILogger log, string device, string why);

    [LoggerMessage(LogLevel.Warning, "The will of device {Device} was not stored")]
    private static partial void WillFailed(ILogger log, string device, Exception e);
}
