using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OrleansIoT.Failures;
using OrleansIoT.Gateway.Failures;

namespace OrleansIoT.Gateway.Dashboard;

/// <summary>
/// The web app, served beside the API: its files, and its one page for every address below <c>/app/</c>, where the app's own
/// router reads the rest. It is a client like any other; nothing here opens a door that is not in the API.
/// </summary>
internal static class DashboardSetup
{
    private const string App = "/app";

    public static void AddDashboard(this IServiceCollection services)
    {
        services.AddSingleton<DashboardPage>();
        services.AddResponseCompression(compression =>
        {
            compression.EnableForHttps = true; // of what is the same for everybody; the API has no compression
            compression.MimeTypes = ["text/html", "text/css", "text/javascript", "application/json", "application/manifest+json", "image/svg+xml"];
        });
    }

    public static void UseDashboard(this WebApplication app)
    {
        var options = app.Services.GetRequiredService<IOptions<GatewayOptions>>().Value;
        var page = app.Services.GetRequiredService<DashboardPage>();
        if (page.IsBuilt)
        {
            var files = new DashboardFiles(Path.GetFullPath(options.DashboardDirectory));
            app.Lifetime.ApplicationStopped.Register(files.Dispose);
            app.UseWhen(context => IsRead(context) && files.Has(context.Request.Path), branch =>
            {
                branch.UseResponseCompression();
                files.Use(branch);
            });
        }

        app.UseWhen(context => IsRead(context) && WantsPage(context), branch =>
        {
            branch.UseResponseCompression();
            branch.Run(context => context.Request.Path.StartsWithSegments(App, out var rest) && rest.HasValue
                ? page.Write(context)
                : Redirect(context, $"{options.PathBase}{App}/"));
        });
        app.UseWhen(context => IsRead(context) && IsMissing(context), branch => branch.Run(
            context => FailureHandler.Write(context, Failure.NotFound, "There is nothing at this address.")));
    }

    /// <summary>No route is here, so there is nobody to say that somebody has to sign in.</summary>
    private static bool IsMissing(HttpContext context) =>
        context.Request.Path.StartsWithSegments(App) || context.Request.Path.StartsWithSegments("/assets");

    private static bool IsRead(HttpContext context) => HttpMethods.IsGet(context.Request.Method);

    /// <summary>
    /// A browser that goes somewhere. A program that takes anything gets at the root what the API says, and below <c>/app</c> the page,
    /// as there is nothing else.
    /// </summary>
    private static bool WantsPage(HttpContext context)
    {
        var path = context.Request.Path;
        var isApp = path.StartsWithSegments(App);
        return (path == "/" || !path.HasValue || isApp)
            && context.Request.GetTypedHeaders().Accept.Any(accepted => accepted.Quality is not 0
                && (accepted.MediaType == "text/html" || (isApp && accepted.MatchesAllTypes)));
    }

    private static Task Redirect(HttpContext context, string path)
    {
        context.Response.Headers.Vary = "Accept";
        context.Response.Redirect(path);
        return Task.CompletedTask;
    }
}
