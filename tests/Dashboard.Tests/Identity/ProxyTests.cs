using OrleansIoT.EndToEnd.Tests;
using OrleansIoT.EndToEnd.Tests.Clients;

namespace OrleansIoT.Dashboard.Tests.Identity;

/// <summary>The web app below a path, over HTTPS, behind a proxy that ends the one and takes away the other.</summary>
public sealed class ProxyTests
{
    private const string Prefix = "/plant/iot";
    private const string Topic = "devices/meter-7/temperature";

    [Fact]
    public async Task Below_a_path_of_a_proxy_everything_is_as_it_is_without()
    {
        await using var iot = await IotProcess.StartWith([("IOT_Gateway__PathBase", Prefix), ("IOT_Gateway__TrustedProxies__0", "127.0.0.1")]);
        await using var proxy = await PrefixProxy.Start(iot, Prefix);
        using var administrator = await IotClient.Administrator(iot);
        var key = await administrator.RegisterDevice("meter-7");
        await using var viewer = await Viewer.Of(iot, new() { IgnoreHTTPSErrors = true }, proxy.Origin);

        await viewer.Go($"{Prefix}/app/topics/{Topic}?range=15m");
        await Viewer.Sees(viewer.Heading("Sign in"));
        await viewer.SignIn("admin@localhost", IotProcess.AdminPassword);
        Assert.Equal($"{Prefix}/app/topics/{Topic}?range=15m", viewer.Place);
        var cookie = Assert.Single(await viewer.Cookies());
        Assert.Equal((true, true, "/"), (cookie.HttpOnly, cookie.Secure, cookie.Path)); // as its prefix __Host- wants it

        await viewer.Page.ReloadAsync();
        await Viewer.Sees(viewer.Heading(Topic));
        await viewer.SeesLive();
        (await ForeignClient.MosquittoPub(iot, "meter-7", key, Topic, ["21.5"])).Succeeded();
        await viewer.SeesPoints(1);

        await viewer.Page.GetByRole(AriaRole.Link, new() { Name = "Devices", Exact = true }).ClickAsync();
        await Viewer.Sees(viewer.Page.GetByRole(AriaRole.Link, new() { Name = "meter-7" }));
        Assert.Equal($"{Prefix}/app/devices", viewer.Place);
        await viewer.Go($"{Prefix}/app/account");
        await viewer.Button("Sign out").ClickAsync();
        await Viewer.Sees(viewer.Heading("Sign in"));
        Assert.Empty(await viewer.Cookies());
        await viewer.Go($"{Prefix}/");
        await Viewer.Sees(viewer.Heading("Sign in"));
    }
}
