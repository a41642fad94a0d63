using System.Net;

namespace OrleansIoT.Silo;

/// <summary>
/// Asks the process that runs with the same options on this machine for its health, as <c>HEALTHCHECK</c> of a container
/// does, whose image has no other program that could.
/// </summary>
public static class HealthCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    /// <param name="options">Those of the process.</param>
    /// <param name="what"><c>live</c>, or empty for whether it is ready.</param>
    /// <returns>A line about it.</returns>
    /// <exception cref="CannotStartException">It is not healthy, or does not answer.</exception>
    public static string Ask(SiloOptions options, string what)
    {
        var address = options.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : options.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
            : options.Address;
        var url = new UriBuilder("http", $"{address}", options.Http, what == "live" ? "/health/live" : "/health/ready").Uri;
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = Patience };
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            using var answer = http.Send(request, HttpCompletionOption.ResponseHeadersRead);
            return answer.StatusCode == HttpStatusCode.OK
                ? "healthy"
                : throw new CannotStartException($"{url} answers {(int)answer.StatusCode}: not healthy.");
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            throw new CannotStartException($"{url} does not answer: {e.Message}");
        }
    }
}
