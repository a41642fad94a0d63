using Microsoft.AspNetCore.Http;

namespace OrleansIoT.DeviceEdge.Identity;

/// <summary>Whether users may show credentials over the WebSocket that a request opens, which is for who hosts HTTP to say.</summary>
/// <returns>Null, or why not.</returns>
public delegate string? UserCredentialCheck(HttpContext http);

/// <summary>A feature of a connection over which users may not show credentials.</summary>
/// <param name="Why">What would be right, for the user.</param>
internal sealed record NoUserCredentials(string Why);
