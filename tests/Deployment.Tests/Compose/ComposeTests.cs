using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using OrleansIoT.Fixtures;

namespace OrleansIoT.Deployment.Tests.Compose;

/// <summary>docker-compose.yml and what goes on top of it, without an engine: by their schema, and by what an operator relies on.</summary>
public sealed partial class ComposeTests
{
    private const string Cluster = "docker-compose.yml";
    private const string MutualTls = "docker-compose.mtls.yml";

    [Theory]
    [InlineData(Cluster)]
    [InlineData(MutualTls)]
    public async Task A_file_is_as_the_Compose_specification_wants_it(string file) =>
        Assert.Empty((await SchemaCheck.Of("compose", file)).Errors);

    [Fact]
    public async Task The_schema_finds_what_is_wrong()
    {
        var file = Path.Combine(Repository.Root, "artifacts", $"wrong-{Guid.NewGuid():N}.yml");
        await File.WriteAllTextAsync(file, "services:\n  silo:\n    image: a\n    restrat: always\n");
        Assert.Contains((await SchemaCheck.Of("compose", file)).Errors, error => error.Contains("restrat", StringComparison.Ordinal));
        File.Delete(file);
    }

    [Fact]
    public async Task Nothing_but_the_proxy_is_published_and_only_what_devices_and_callers_need()
    {
        var services = await Services(Cluster);
        Assert.All(services.Where(service => service.Key != "proxy"), service => Assert.Null(service.Value!["ports"]));
        Assert.Equal(
            [":1883", ":8443", ":8883"],
            services["proxy"]!["ports"]!.AsArray().Select(port => ((string)port!)[((string)port!).LastIndexOf(':')..]).Order());
    }

    [Fact]
    public async Task Silos_and_the_database_are_on_a_network_that_leads_nowhere_and_the_proxy_is_not()
    {
        var file = await Document(Cluster);
        Assert.True((bool)file["networks"]!["back"]!["internal"]!);
        Assert.Equal(["back"], NetworksOf(file, "silo"));
        Assert.Equal(["back"], NetworksOf(file, "postgres"));
        Assert.Equal(["front"], NetworksOf(file, "proxy"));
        Assert.Equal("none", (string)(await Document(MutualTls))["services"]!["authority"]!["network_mode"]!);
    }

    [Theory]
    [InlineData(Cluster)]
    [InlineData(MutualTls)]
    public async Task Every_container_is_nobody_writes_nowhere_has_limits_and_comes_back(string file)
    {
        foreach (var (name, service) in (await Services(file)).Where(service => service.Value!["image"] is not null))
        {
            Assert.StartsWith("${ORLEANSIOT_UID:?", (string)service!["user"]!, StringComparison.Ordinal); // no default, so that it is not root
            Assert.True((bool)service["read_only"]!, name);
            Assert.Equal("ALL", (string)Assert.Single(service["cap_drop"]!.AsArray())!);
            Assert.Null(service["cap_add"]);
            Assert.Null(service["privileged"]);
            Assert.Equal("no-new-privileges:true", (string)Assert.Single(service["security_opt"]!.AsArray())!);
            Assert.Equal("unless-stopped", (string)service["restart"]!);
            var limits = service["deploy"]!["resources"]!["limits"]!;
            Assert.NotNull(limits["cpus"]);
            Assert.NotNull(limits["memory"]);
            Assert.NotNull(service["pids_limit"]);
            Assert.NotNull(service["logging"]!["options"]!["max-size"]);
        }
    }

    [Fact]
    public async Task There_are_three_silos_two_edges_and_two_gateways()
    {
        var services = await Services(Cluster);
        Assert.Equal([3, 2, 2], new[] { "silo", "edge", "gateway" }.Select(name => (int)services[name]!["deploy"]!["replicas"]!));
        Assert.All(["silo", "edge", "gateway"], name => Assert.Null(services[name]!["container_name"])); // or there could be one only
    }

    [Theory]
    [InlineData(Cluster)]
    [InlineData(MutualTls)]
    public async Task Every_image_has_a_version_and_ours_has_the_products(string file)
    {
        var version = Version().Match(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "Directory.Build.props"))).Groups[1].Value;
        foreach (var image in (await Services(file)).Select(service => (string?)service.Value!["image"]).OfType<string>())
        {
            Assert.Matches(@"^[a-z-]+:\d+\.\d+(\.\d+)?$", image);
            Assert.True(!image.StartsWith("orleans-iot:", StringComparison.Ordinal) || image == $"orleans-iot:{version}", image);
        }
    }

    [Fact]
    public async Task Secrets_are_files_that_have_no_default_and_nothing_secret_is_a_variable()
    {
        var file = await Document(Cluster);
        Assert.All(file["secrets"]!.AsObject(), secret =>
            Assert.StartsWith("./secrets/", (string)secret.Value!["file"]!, StringComparison.Ordinal));
        foreach (var document in new[] { file, await Document(MutualTls) })
        {
            Assert.All(document["services"]!.AsObject().SelectMany(service => Environment(service.Value!)), variable =>
                Assert.True(
                    !variable.Key.Contains("PASSWORD", StringComparison.Ordinal) || variable.Value.StartsWith("/run/secrets/", StringComparison.Ordinal),
                    variable.Key));
        }

        var text = await File.ReadAllTextAsync(Path.Combine(Repository.Root, Cluster));
        Assert.All(Default().Matches(text), match => Assert.Matches("^ORLEANSIOT_[A-Z]+_(PORT|SUBNET)$", match.Groups[1].Value));
    }

    [Theory]
    [InlineData(Cluster)]
    [InlineData(MutualTls)]
    public async Task The_executable_takes_what_it_is_told(string file)
    {
        var services = await Services(Cluster);
        foreach (var name in new[] { "silo", "edge", "gateway" })
        {
            var environment = Environment((await Services(file))[name]!).Concat(Environment(services[name]!)).DistinctBy(variable => variable.Key);
            ProcessOptions.MustBeTaken(services[name]!["command"]!.AsArray().Select(word => (string)word!), environment);
        }
    }

    internal static async Task<JsonNode> Document(string file) => Assert.Single((await SchemaCheck.Of("compose", file)).Documents);

    private static async Task<JsonObject> Services(string file) => (await Document(file))["services"]!.AsObject();

    private static IEnumerable<string> NetworksOf(JsonNode file, string service) =>
        file["services"]![service]!["networks"]!.AsArray().Select(network => (string)network!);

    private static IEnumerable<KeyValuePair<string, string>> Environment(JsonNode service) =>
        (service["environment"]?.AsObject() ?? []).Select(variable => KeyValuePair.Create(variable.Key, variable.Value!.ToString()));

    [GeneratedRegex("<VersionPrefix>(.*)</VersionPrefix>")]
    private static partial Regex Version();

    [GeneratedRegex(@"\$\{(\w+):-")]
    private static partial Regex Default();
}
