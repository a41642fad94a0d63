using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OrleansIoT.EndToEnd.Tests.Silo;

/// <summary>The executable as the health check of a container: its exit code is the answer.</summary>
public sealed class HealthCommandTests
{
    [Fact]
    public async Task A_process_is_healthy_as_long_as_it_runs_and_its_options_say_where_it_is()
    {
        await using var iot = await IotProcess.Start("--bind", "0.0.0.0");
        string[] options = ["--http", $"{iot.HttpPort}", "--bind", "0.0.0.0"];

        Assert.Equal((0, "healthy\n", ""), await IotProcess.Run([.. options, "--check-health"]));
        Assert.Equal((0, "healthy\n", ""), await IotProcess.Run([.. options, "--check-health", "live"]));

        await iot.Kill();
        await MustBeUnhealthy("does not answer", options);
    }

    [Fact]
    public async Task A_process_that_says_that_it_is_not_ready_is_unhealthy()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answering = Refuse(listener);
        await MustBeUnhealthy("503: not healthy", "--http", $"{((IPEndPoint)listener.LocalEndpoint).Port}");
        await answering;
    }

    [Theory]
    [InlineData("--check-health=dead", "alone, or with 'live'")]
    [InlineData("--check-health", "--http is 0")]
    public async Task A_check_of_nothing_is_one_clear_line_and_exit_code_2(string option, string says)
    {
        var (exitCode, _, error) = await IotProcess.Run([option, "--http", "0"]);
        Assert.Equal(2, exitCode);
        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    private static async Task MustBeUnhealthy(string says, params string[] options)
    {
        var (exitCode, output, error) = await IotProcess.Run([.. options, "--check-health"]);
        Assert.Equal(1, exitCode);
        Assert.Empty(output);
        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    private static async Task Refuse(TcpListener listener)
    {
        using var client = await listener.AcceptTcpClientAsync();
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII);
        while (await reader.ReadLineAsync() is { Length: > 0 })
        {
        }

        await stream.WriteAsync("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
    }
}
