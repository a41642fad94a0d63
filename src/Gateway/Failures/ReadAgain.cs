using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace OrleansIoT.Gateway.Failures;

/// <summary>
/// A call in flight to a silo that dies has no answer. What only reads is asked again, of the silo that has taken its place;
/// everything else is reported, for it may have been done.
/// </summary>
internal sealed class ReadAgain(RequestDelegate next)
{
    /// <summary>Of which the first is the ordinary one: the second may come before the silo is known to be dead.</summary>
    private const int MostAttempts = 3;

    /// <summary>Answers that are lost at once, as with a silo that ends, are asked for again for so long, however often that is.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>A silo that has just been declared dead has answered nothing at once.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    public Task InvokeAsync(HttpContext context) => HttpMethods.IsGet(context.Request.Method) ? Read(context) : next(context);

    private async Task Read(HttpContext context)
    {
        var began = Stopwatch.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await next(context);
                return;
            }
            catch (TimeoutException) when (MayAsk(attempt, began) && !context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
            {
                await Task.Delay(Pause);
            }
        }
    }

    private static bool MayAsk(int attempt, long began) => attempt < MostAttempts || Stopwatch.GetElapsedTime(began) < Patience;
}
