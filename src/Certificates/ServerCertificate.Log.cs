using Microsoft.Extensions.Logging;

namespace OrleansIoT.Certificates;

public sealed partial class ServerCertificate
{
    [LoggerMessage(LogLevel.Information, "The TLS certificate was replaced by {Subject}, good until {NotAfter:u}")]
    private static partial void LogReplaced(ILogger log, string subject, DateTime notAfter);

    [LoggerMessage(LogLevel.Error, "The TLS certificate was not replaced and the one before stays: {Why}")]
    private static partial void LogKept(ILogger log, string why);

    [LoggerMessage(LogLevel.Warning, "The TLS certificate of {Subject} is good from {NotBefore:u} to {NotAfter:u} only: clients will refuse it")]
    private static partial void LogNotValid(ILogger log, string subject, DateTime notBefore, DateTime notAfter);

    [LoggerMessage(LogLevel.Warning, "The TLS certificate of {Subject} ends on {NotAfter:u}: clients will refuse it from then on; renew it")]
    private static partial void LogEndsSoon(ILogger log, string subject, DateTime notAfter);
}
