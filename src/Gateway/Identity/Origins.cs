using Microsoft.AspNetCore.Http;
using OrleansIoT.Identity;

namespace OrleansIoT.Gateway.Identity;

internal static class Origins
{
    /// <summary>From where a request comes: the address of the connection, which a trusted proxy's header has replaced by now.</summary>
    public static SignInOrigin Origin(this HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress;
        return new SignInOrigin(
            (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString() ?? "",
            context.Request.Headers.UserAgent.ToString());
    }
}
