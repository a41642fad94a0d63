using Microsoft.AspNetCore.Http;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Failures;

namespace OrleansIoT.Gateway.Transports;

/// <summary>
/// A request with both Content-Length and Transfer-Encoding has two ends, and a proxy before us may have seen the other one
/// (RFC 9112 section 6.1). Kestrel takes the second, closes afterwards, and leaves what the first said under another name.
/// </summary>
internal static class Framing
{
    private const string ReplacedContentLength = "X-Content-Length";

    public static Task RefuseTwoLengths(HttpContext context, RequestDelegate next) =>
        context.Request.Headers.TransferEncoding.Count > 0 && context.Request.Headers.ContainsKey(ReplacedContentLength)
            ? FailureHandler.Write(context, Failure.Invalid, "A request has a Content-Length or a Transfer-Encoding, not both.")
            : next(context);
}
