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
        if (_edge.LogBudget.Allows())
        {
            if (NameToNote() is { Length: > 0 } name)
            {
                NamedRefused(_edge.Log, name, Remote, reason, why);
            }
            else
            {
                Refused(_edge.Log, Remote, reason, why);
            }
        }
    }

    private void LogNoConnect()
    {
        if (_ending is { IsFault: true } ending)
        {
            LogRefused(ReasonCode.UnspecifiedError, ending.Why);
        }
    }

    private void LogConnected() => Connected(_edge.Log, _claim!.Publisher, Remote, _outgoing.Version);

    private void LogEnded(Ending ending)
    {
        if (ending.IsFault)
        {
            _edge.Metrics.ConnectionBroken(ending.Say);
        }

        if (!ending.IsFault)
        {
            ConnectionEnded(_edge.Log, LogLevel.Debug, _claim!.Publisher, Remote, ending.Why, ending.Say);
        }
        else if (_edge.LogBudget.Allows())
        {
            ConnectionEnded(_edge.Log, LogLevel.Warning, _claim!.Publisher, Remote, ending.Why, ending.Say);
        }
    }

    private void LogCutOff()
    {
        if (_edge.LogBudget.Allows())
        {
            CutOff(_edge.Log, _claim!.Publisher, Remote, _edge.Options.CloseTimeout);
        }
    }

    private void LogSignInFailed(Exception e) => SignInFailed(_edge.Log, Remote, e);

    private void LogSignOutFailed(string device, Exception e) => SignOutFailed(_edge.Log, device, e);

    private void LogStoreFailed(int messages, Exception e) => StoreFailed(_edge.Log, _claim!.Publisher, messages, e);

    private void LogCallFailed(string call, Exception e) => CallFailed(_edge.Log, call, _claim!.Publisher, e);

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

        if (level == LogLevel.Debug || _edge.LogBudget.Allows())
        {
            MessagesRefused(_edge.Log, level, _claim!.Publisher, acks.Refused, acks.Count, first?.Reason ?? ReasonCode.NotAuthorized, first?.Why);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Refused a connection from {Remote}: {Reason}, {Why}")]
    private static partial void Refused(ILogger log, EndPoint? remote, ReasonCode reason, string why);

    [LoggerMessage(LogLevel.Warning, "Refused a connection as {Name} from {Remote}: {Reason}, {Why}")]
    private static partial void NamedRefused(ILogger log, string name, EndPoint? remote, ReasonCode reason, string why);

    [LoggerMessage(LogLevel.Debug, "Device {Device} connected from {Remote} with {Version}")]
    private static partial void Connected(ILogger log, string device, EndPoint? remote, MqttVersion version);

    [LoggerMessage("The connection of device {Device} from {Remote} ends: {Why} ({Say})")]
    private static partial void ConnectionEnded(ILogger log, LogLevel level, string device, EndPoint? remote, string why, ReasonCode? say);

    [LoggerMessage(LogLevel.Warning, "The connection of device {Device} from {Remote} was cut: it had not ended within {Limit}")]
    private static partial void CutOff(ILogger log, string device, EndPoint? remote, TimeSpan limit);

    [LoggerMessage(LogLevel.Error, "The credential of a connection from {Remote} could not be checked")]
    private static partial void SignInFailed(ILogger log, EndPoint? remote, Exception e);

    [LoggerMessage(LogLevel.Warning, "The grain of device {Device} was not told that its connection ended")]
    private static partial void SignOutFailed(ILogger log, string device, Exception e);

    [LoggerMessage(LogLevel.Error, "{Messages} messages of device {Device} were not acknowledged, because storing them failed")]
    private static partial void StoreFailed(ILogger log, string device, int messages, Exception e);

    [LoggerMessage(LogLevel.Error, "The call {Call} for device {Device} failed")]
    private static partial void CallFailed(ILogger log, string call, string device, Exception e);

    [LoggerMessage("{Refused} of {Count} messages of device {Device} not stored, the first for {Reason}: {Why}")]
    private static partial void MessagesRefused(ILogger log, LogLevel level, string device, int refused, int count, ReasonCode reason, string? why);
}
