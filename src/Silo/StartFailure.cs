using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using OrleansIoT.History;

namespace OrleansIoT.Silo;

/// <summary>What kept the process from starting, in one line for the person who started it.</summary>
public static class StartFailure
{
    /// <returns>False for what is no operator's fault; that travels on, with its stack.</returns>
    public static bool Explain(Exception exception, out string why)
    {
        why = Find(exception) switch
        {
            AddressInUseException e => $"{e.Message} Another process listens there; choose another port with --mqtt or --http.",
            SocketException { SocketErrorCode: SocketError.AccessDenied } =>
                "This user may not listen on that port; ports below 1024 need the right to. Choose others with --mqtt and --http.",
            SocketException { SocketErrorCode: SocketError.AddressNotAvailable } =>
                "This machine has no such address to listen on; choose another with --bind.",
            DataDirectoryException e => e.Message,
            OptionsValidationException e => string.Join(' ', e.Failures),
            _ => "",
        };
        return why.Length > 0;
    }

    private static Exception? Find(Exception? exception) => exception switch
    {
        null or AddressInUseException or SocketException or DataDirectoryException or OptionsValidationException => exception,
        AggregateException many => many.InnerExceptions.Select(Find).FirstOrDefault(found => found is not null),
        IOException { InnerException: AddressInUseException } e => new AddressInUseException(e.Message, e),
        _ => Find(exception.InnerException),
    };
}
