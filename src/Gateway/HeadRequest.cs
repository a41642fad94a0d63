using Microsoft.AspNetCore.Http;

namespace OrleansIoT.Gateway;

/// <summary>The request came as HEAD and is answered as GET, for answers that would not end by themselves.</summary>
internal sealed record HeadRequest;

internal static class HeadRequests
{
    public static bool WasHead(this HttpContext context) => context.Features.Get<HeadRequest>() is not null;
}
