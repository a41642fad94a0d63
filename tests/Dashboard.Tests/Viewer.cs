using System.Text.RegularExpressions;
using OrleansIoT.EndToEnd.Tests;

namespace OrleansIoT.Dashboard.Tests;

/// <summary>
/// Somebody who looks at the product with a browser. It remembers what a page must not do: break the
/// Content-Security-Policy, ask a third party for anything, or fail in its own code.
/// </summary>
internal sealed class Viewer : IAsyncDisposable
{
    /// <summary>Nothing that a test waits for takes this long, unless it never comes.</summary>
    public const float Patience = 30_000;

    private readonly IBrowserContext _context;
    private readonly List<string> _faults = [];

    private Viewer(IotProcess iot, string origin, IBrowserContext context, IPage page)
    {
        (Iot, Origin, _context, Page) = (iot, origin, context, page);
        Watch(page);
    }

    public IotProcess Iot { get; }

    public IPage Page { get; }

    /// <summary>Where it looks: at the gateway itself, or at a proxy before it.</summary>
    public string Origin { get; }

    /// <summary>The page's address within the app, with its query.</summary>
    public string Place => new Uri(Page.Url).PathAndQuery;

    public static async Task<Viewer> Of(IotProcess iot, BrowserNewContextOptions? options = null, string? origin = null)
    {
        var browser = await Chromium.Browser;
        options ??= new BrowserNewContextOptions();
        options.TimezoneId ??= "Europe/Lisbon";
        options.Locale ??= "en-GB";
        var context = await browser.NewContextAsync(options);
        context.SetDefaultTimeout(Patience);
        return new Viewer(iot, origin ?? $"http://localhost:{iot.HttpPort}", context, await context.NewPageAsync());
    }

    public static async Task<Viewer> Administrator(IotProcess iot, BrowserNewContextOptions? options = null)
    {
        var viewer = await Of(iot, options);
        await viewer.Go("/app/login");
        await viewer.SignIn("admin@localhost", IotProcess.AdminPassword);
        return viewer;
    }

    /// <summary>Another tab of the same browser.</summary>
    public async Task<IPage> NewTab()
    {
        var page = await _context.NewPageAsync();
        Watch(page);
        return page;
    }

    public Task Go(string place) => Page.GotoAsync(Origin + place);

    public async Task SignIn(string email, string password)
    {
        await Page.GetByLabel("Email").FillAsync(email);
        await Page.GetByLabel("Password").FillAsync(password);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Sees(Page.GetByRole(AriaRole.Navigation, new() { Name = "Main" }));
    }

    public ILocator Heading(string text) => Page.GetByRole(AriaRole.Heading, new() { Name = text, Level = 1 });

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    public static Task Sees(ILocator thing) => Assertions.Expect(thing).ToBeVisibleAsync();

    public Task ComesTo(Regex place) => Page.WaitForURLAsync(place);

    /// <summary>Waits until the chart has so many points.</summary>
    public Task SeesPoints(int count) => Assertions.Expect(Page.GetByTestId("chart"))
        .ToHaveAttributeAsync("data-points", count.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public Task SeesLive() => Assertions.Expect(Page.GetByTestId("live-state")).ToHaveTextAsync("Receiving");

    /// <summary>Complete when no answer has come for a while: what the page has asked for is here.</summary>
    public Task HasAll() => Page.EvaluateAsync(
        """
        () => new Promise(done => {
          let answers = -1;
          let since = 0;
          const look = () => {
            const now = performance.getEntriesByType('resource').length;
            if (now !== answers) {
              answers = now;
              since = performance.now();
            } else if (performance.now() - since > 1500) {
              done();
              return;
            }
            setTimeout(look, 100);
          };
          look();
        })
        """);

    /// <summary>All that a script of the page could read that is kept in the browser.</summary>
    public Task<string> Kept() => Page.EvaluateAsync<string>(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])");

    /// <summary>Cookies, also those that no script can read.</summary>
    public Task<IReadOnlyList<BrowserContextCookiesResult>> Cookies() => _context.CookiesAsync();

    public async ValueTask DisposeAsync()
    {
        await _context.CloseAsync();
        Assert.Empty(_faults);
    }

    private void Watch(IPage page)
    {
        page.PageError += (_, error) => _faults.Add($"error of the page: {error}");
        page.Console += (_, message) =>
        {
            // What the server refuses, or a server that is away, a browser reports by itself.
            if (message.Type is "error" or "warning" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
            {
                _faults.Add($"{message.Type}: {message.Text}");
            }
        };
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(Origin + "/", StringComparison.Ordinal) && !request.Url.StartsWith("blob:" + Origin, StringComparison.Ordinal))
            {
                _faults.Add($"a request to {request.Url}");
            }
        };
    }
}
