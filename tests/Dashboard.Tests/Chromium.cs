namespace OrleansIoT.Dashboard.Tests;

/// <summary>One browser for all tests: Debian's, driven by Playwright. Each viewer has a profile of its own in it.</summary>
internal static class Chromium
{
    private static readonly Lazy<Task<IBrowser>> Started = new(Start);

    public static Task<IBrowser> Browser => Started.Value;

    private static async Task<IBrowser> Start()
    {
        Assertions.SetDefaultExpectTimeout(Viewer.Patience);
        var playwright = await Playwright.CreateAsync();
        return await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Environment.GetEnvironmentVariable("TEST_CHROMIUM") ?? "/usr/bin/chromium",
            Args = ["--no-sandbox"], // tests may run as root, who has no sandbox; the only pages are ours
        });
    }
}
