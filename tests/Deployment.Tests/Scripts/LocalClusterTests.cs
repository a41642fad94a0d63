namespace OrleansIoT.Deployment.Tests.Scripts;

/// <summary>What can be said of a local cluster without one; tests/EndToEnd.Tests/Cluster starts one on Orleans.</summary>
public sealed class LocalClusterTests
{
    [Theory]
    [InlineData("--silos 0", "at least one silo")]
    [InlineData("--silos three", "--silos needs a number")]
    [InlineData("--silos", "--silos needs a number")]
    [InlineData("--sylos 3", "--sylos is no option")]
    [InlineData("--data", "--data needs a directory")]
    public async Task A_senseless_option_is_an_error(string options, string says)
    {
        var result = await Command.Run("deploy/local-cluster", options.Split(' '));
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(says, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_explains_itself() =>
        Assert.Contains("--gateways N", (await Command.Run("deploy/local-cluster", "--help")).Succeeded().Output, StringComparison.Ordinal);

    [Theory]
    [InlineData("deploy/haproxy/front.cfg", "deploy/haproxy/docker.cfg")]
    public async Task HAProxy_takes_its_configuration(params string[] files)
    {
        using var secrets = new TemporaryFolder();
        (await Command.Run("deploy/make-secrets", secrets.Path)).Succeeded();
        string[] environment =
        [
            "FRONT_MQTT=127.0.0.1:1883", "FRONT_MQTTS=127.0.0.1:8883", "FRONT_HTTPS=127.0.0.1:8443", $"FRONT_CERT={secrets.Path}/tls/server.crt",
        ];
        (await Command.Run("env", [.. environment, "haproxy", "-c", .. files.SelectMany(file => new[] { "-f", file })])).Succeeded();
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("deployment-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
