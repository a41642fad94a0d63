using Microsoft.AspNetCore.Http;

namespace OrleansIoT.Gateway.Throttling;

/// <summary>The request asks to sign in and shows nothing to do so with, as a page does that has no cookie yet: that is no guess.</summary>
internal sealed record NothingShown
{
    private static readonly NothingShown Instance = new();

    public static void Say(HttpContext context) => context.Features.Set(Instance);

    public static bool IsSaid(HttpContext context) => context.Features.Get<NothingShown>() is not null;
}
