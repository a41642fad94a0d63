using System.Numerics;
using Microsoft.Extensions.Logging;

namespace OrleansIoT.DeviceEdge.Identity;

internal sealed partial class DeviceTrust
{
    [LoggerMessage(LogLevel.Information, "Device certificates: {Authorities} authorities, {Lists} revocation lists, {Revoked} revoked")]
    private static partial void LogLoaded(ILogger log, int authorities, int lists, int revoked);

    [LoggerMessage(LogLevel.Error, "What was read before stays: {Why}")]
    private static partial void LogKept(ILogger log, string why);

    [LoggerMessage(LogLevel.Error, "A revocation list with the number {Number} came after {Before}; an older one is not taken")]
    private static partial void LogOlder(ILogger log, BigInteger? number, BigInteger? before);

    [LoggerMessage(LogLevel.Error, "The revocation list of {Issuer} is past its next update, {NextUpdate:u}")]
    private static partial void LogLate(ILogger log, string issuer, DateTime nextUpdate);
}
