using System.Numerics;
using Microsoft.Extensions.Logging;

namespace OrleansIoT.Certificates;

public sealed partial class CertificateTrust
{
    [LoggerMessage(LogLevel.Information, "Certificates of {Whom}s: {Authorities} authorities, {Lists} revocation lists, {Revoked} revoked")]
    private static partial void LogLoaded(ILogger log, string whom, int authorities, int lists, int revoked);

    [LoggerMessage(LogLevel.Error, "What was read before stays: {Why}")]
    private static partial void LogKept(ILogger log, string why);

    [LoggerMessage(LogLevel.Error, "A revocation list with the number {Number} came after {Before}; an older one is not taken")]
    private static partial void LogOlder(ILogger log, BigInteger? number, BigInteger? before);

    [LoggerMessage(LogLevel.Error, "The revocation list of {Issuer} is past its next update, {NextUpdate:u}")]
    private static partial void LogLate(ILogger log, string issuer, DateTime nextUpdate);

    [LoggerMessage(LogLevel.Warning, "The revocation list of {Issuer} is past half its life and was not renewed; from {NextUpdate:u} on it fails closed")]
    private static partial void LogOld(ILogger log, string issuer, DateTime nextUpdate);

    [LoggerMessage(LogLevel.Warning, "The CA {Subject} ends on {NotAfter:u}; what it has issued is refused from then on")]
    private static partial void LogEnds(ILogger log, string subject, DateTime notAfter);
}
