using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;

namespace OrleansIoT.Load.Servers;

/// <summary>
/// Ours, as users run it: its Release build, a data directory on a real disk, the history fsynced. Every device is
/// registered over REST and connects with its key, unless it is to let anybody in.
/// </summary>
/// <param name="options">Which build, and where its data are.</param>
/// <param name="hasStore">False for the same without the store: it forgets what it acknowledges.</param>
internal sealed class OurServer(LoadOptions options, bool hasStore = true) : ServerKind
{
    public const string Title = "OrleansIoT";

    private const string Administrator = "admin@localhost";
    private const string Password = "only for this benchmark";
    private const int RegisterAtOnce = 32;

    private static readonly string[] Everything = ["devices/#"];

    private readonly string _help = HelpOf(options.Server);

    public override string Name => hasStore ? Title : "ours without the store";

    public override bool IsLayer => !hasStore;

    public override async Task<Server> Start(int devices)
    {
        if (Directory.Exists(options.Data))
        {
            Directory.Delete(options.Data, recursive: true);
        }

        var (http, mqtt) = (Server.FreePort(), Server.FreePort());
        var tls = Offers("--mqtts") ? Server.FreePort() : null;
        var command = new ProcessStartInfo(
            "dotnet", [.. hasStore ? [options.Server] : new[] { options.Layers, "without-store" }, .. ServerArguments(http, mqtt, tls)]);
        var counts = File.Exists(options.Layers);
        if (counts && hasStore)
        {
            command.Environment["DOTNET_STARTUP_HOOKS"] = Path.GetFullPath(options.Layers);
        }

        var ids = Enumerable.Range(0, devices).Select(i => $"load-{i}").ToArray();
        var known = ids.Select(id => new Device(id, null)).ToArray();
        if (!options.Anonymous)
        {
            // In a process that ends with it, so that the one which is measured has nothing left of ten thousand requests.
            using var first = await Server.Start(command, mqtt, tls, counts);
            await Ready(http);
            known = await Register(ids, http, Password);
        }

        var server = await Server.Start(command, mqtt, tls, counts);
        await Ready(http);
        server.Devices = known;
        return server;
    }

    /// <summary>What it is told; a build that does not know an option yet is not told it, so old builds can be measured too.</summary>
    private IEnumerable<string> ServerArguments(IPEndPoint http, IPEndPoint mqtt, IPEndPoint? tls)
    {
        IEnumerable<string> arguments =
        [
            "--data", options.Data,
            "--http", Number(http.Port),
            "--mqtt", Number(mqtt.Port),
            "--admin-password", Password,
        ];
        arguments = tls is null ? arguments : [.. arguments, "--mqtts", Number(tls.Port)];
        arguments = Offers("--device-rate") ? [.. arguments, "--device-rate", "0"] : arguments;
        return options.Anonymous ? [.. arguments, "--anonymous", "#"] : arguments;
    }

    private bool Offers(string option) => _help.Contains(option + " ", StringComparison.Ordinal);

    private static string HelpOf(string executable)
    {
        if (!File.Exists(executable))
        {
            throw new LoadException($"there is no {executable}: build src/Silo with -c Release, or name another with --server");
        }

        using var process = Process.Start(new ProcessStartInfo("dotnet", [executable, "--help"]) { RedirectStandardOutput = true })!;
        return process.StandardOutput.ReadToEnd();
    }

    public static async Task<Device[]> Register(string[] ids, IPEndPoint http, string password)
    {
        using var client = new HttpClient { BaseAddress = new Uri($"http://{http}") };
        var login = await Post<Login>(client, "/auth/login", new { email = Administrator, password });
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", login.Auth_token);

        var devices = new Device[ids.Length];
        await Parallel.ForAsync(0, ids.Length, new ParallelOptions { MaxDegreeOfParallelism = RegisterAtOnce }, async (i, _) =>
        {
            var registered = await Post<Registered>(client, "/devices", new { id = ids[i], publish = Everything, subscribe = Everything });
            devices[i] = new Device(ids[i], registered.Key);
        });
        return devices;
    }

    /// <summary>The listeners are open a moment before the administrator can sign in.</summary>
    private static async Task Ready(IPEndPoint http)
    {
        using var client = new HttpClient();
        for (var i = 0; i < 500; i++)
        {
            using var health = await client.GetAsync($"http://{http}/health/ready");
            if (health.IsSuccessStatusCode)
            {
                return;
            }

            await Task.Delay(20);
        }

        throw new LoadException("our server listens, but does not become ready");
    }

    private static async Task<T> Post<T>(HttpClient client, string path, object body)
    {
        using var response = await client.PostAsJsonAsync(path, body);
        if (response is { StatusCode: HttpStatusCode.TooManyRequests, Headers.RetryAfter.Delta: { } wait })
        {
            await Task.Delay(wait); // GatewayOptions.RequestRate, which builds of before it do not know
            return await Post<T>(client, path, body);
        }

        return response.IsSuccessStatusCode
            ? (await response.Content.ReadFromJsonAsync<T>())!
            : throw new LoadException($"{path} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed record Login(string Auth_token);

    private sealed record Registered(string Key);
}
