using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Npgsql;
using OrleansIoT.Certificates;
using OrleansIoT.Certificates.Pki;
using OrleansIoT.History;
using OrleansIoT.History.Postgres;

namespace OrleansIoT.Silo;

/// <summary>The process cannot start as things are; the message says why in one line.</summary>
public sealed class CannotStartException(string message) : Exception(message);

/// <summary>What kept the process from starting, in one line for the person who started it.</summary>
public sealed record StartFailure(string Why, int ExitCode)
{
    /// <returns>Null for what is no operator's fault; that travels on, with its stack.</returns>
    public static StartFailure? Explain(Exception? exception) => exception switch
    {
        null => null,
        CannotStartException or DataDirectoryException or BackupException or PostgresUnusableException or CertificateFileException or PkiException
            or InvalidDataException or UnauthorizedAccessException => new(exception.Message, ExitCodes.CannotStart),
        AddressInUseException or IOException { InnerException: AddressInUseException } => new(
            $"{exception.Message} Choose another port with --mqtt, --mqtts, --http or --https.", ExitCodes.CannotStart),
        NpgsqlException e => new($"PostgreSQL does not answer, or ended meanwhile: {e.Message}", ExitCodes.CannotStart),
        OptionsValidationException e => new(string.Join(' ', e.Failures), ExitCodes.Usage),
        InvalidOperationException { Source: "Microsoft.Extensions.Configuration.Binder", InnerException: InvalidOperationException why } =>
            Explain(why), // about a list it only says that something is wrong in it
        InvalidOperationException { Source: "Microsoft.Extensions.Configuration.Binder" } e => new(
            $"{e.Message} See docs/configuration.md.", ExitCodes.Usage),
        AggregateException many => many.InnerExceptions.Select(Explain).FirstOrDefault(found => found is not null),
        _ => Explain(exception.InnerException),
    };
}
