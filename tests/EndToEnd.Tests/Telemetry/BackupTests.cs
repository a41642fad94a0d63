using System.Diagnostics;
using System.Globalization;
using System.Net;
using OrleansIoT.DeviceEdge.Mqtt;
using OrleansIoT.Fixtures;

namespace OrleansIoT.EndToEnd.Tests.Telemetry;

/// <summary>The whole product backed up while it works, and put back in another place.</summary>
public sealed class BackupTests : IDisposable
{
    private const string Device = "machine";
    private const string Topic = "devices/machine/temperature";

    private readonly string _folder = Directory.CreateDirectory(IotProcess.NewDataDirectory()).FullName;

    private string File => Path.Combine(_folder, "iot.backup");

    private string NewData => Path.Combine(_folder, "data");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_was_acknowledged_before_a_backup_began_is_there_after_a_restore_with_the_old_keys_and_tokens()
    {
        await using var iot = await IotProcess.Start();
        using var administrator = await IotClient.Administrator(iot);
        var key = await administrator.RegisterDevice(Device);
        var acknowledged = 0;
        using var stop = new CancellationTokenSource();
        var publishing = Task.Run(Publish);
        while (Volatile.Read(ref acknowledged) < 1_000)
        {
            Assert.False(publishing.IsFaulted, publishing.Exception?.ToString());
            await Task.Yield();
        }

        var before = Volatile.Read(ref acknowledged);
        var (exitCode, output, error) = await IotProcess.Run(["--data", iot.Data, "--backup", File]);
        Assert.Equal((0, ""), (exitCode, error));
        Assert.StartsWith($"Backed up to {File}: ", output, StringComparison.Ordinal);
        await stop.CancelAsync();
        await publishing;
        Assert.True(acknowledged > before);
        await iot.Kill();

        (exitCode, output, error) = await IotProcess.Run(["--data", NewData, "--restore", File]);
        Assert.Equal((0, ""), (exitCode, error));
        Assert.StartsWith($"Restored into {NewData}: ", output, StringComparison.Ordinal);

        await using var restored = await IotProcess.StartOn(NewData);
        Assert.Contains(restored.Output, line => line.Contains("warn", StringComparison.Ordinal) && line.Contains("was restored at", StringComparison.Ordinal));
        Assert.Equal(await System.IO.File.ReadAllBytesAsync(iot.CaFile), await System.IO.File.ReadAllBytesAsync(restored.CaFile));

        using var sameToken = new IotClient(restored.HttpPort);
        sameToken.Http.DefaultRequestHeaders.Authorization = administrator.Http.DefaultRequestHeaders.Authorization;
        var readings = await sameToken.ReadAll(Topic, "2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z");
        Assert.InRange(readings.Count, before, acknowledged);
        Assert.Equal(
            Enumerable.Range(1, readings.Count).Select(i => i.ToString(CultureInfo.InvariantCulture)),
            readings.Select(reading => reading.GetProperty("value").GetRawText()));

        await using var device = await MqttDevice.Connect(restored.MqttPort, Device, key);
        Assert.Equal(ReasonCode.Success, await device.Publish(Topic, "-1"));
        var (status, latest) = await sameToken.Get($"/iot/{Topic}/latest");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.True(Assert.Single(latest.GetProperty("data").EnumerateArray()).GetProperty("seq").GetInt64() > acknowledged);

        async Task Publish()
        {
            await using var device = await MqttDevice.Connect(iot.MqttPort, Device, key);
            while (!stop.IsCancellationRequested)
            {
                Assert.Equal(ReasonCode.Success, await device.Publish(Topic, (acknowledged + 1).ToString(CultureInfo.InvariantCulture)));
                Interlocked.Increment(ref acknowledged);
            }
        }
    }

    [Fact]
    public async Task A_disk_that_is_full_is_one_clear_line_and_leaves_no_half_backup()
    {
        await using var iot = await IotProcess.Start();

        // No file may become larger than 64 KiB, as far as this process goes.
        var info = new ProcessStartInfo("bash", ["-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "bash", "dotnet", IotProcess.Executable, "--data", iot.Data, "--backup", File])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["DOTNET_EnableWriteXorExecute"] = "0", ["DOTNET_EnableDiagnostics"] = "0" },
        };
        using var backup = Process.Start(info)!;
        var output = backup.StandardOutput.ReadToEndAsync();
        var error = await backup.StandardError.ReadToEndAsync();
        await backup.WaitForExitAsync();

        Assert.Equal((1, ""), (backup.ExitCode, await output));
        Assert.Contains("No backup was made", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task What_cannot_be_backed_up_or_restored_is_one_clear_line()
    {
        await Says(1, "nothing to back up", "--data", NewData, "--backup", File);
        await Says(1, "There is no backup", "--data", NewData, "--restore", File);
        await Says(2, "exclude each other", "--backup", File, "--restore", File);
        await System.IO.File.WriteAllTextAsync(File, "no backup");
        await Says(1, "is damaged, or no backup", "--data", NewData, "--restore", File);
    }

    private static async Task Says(int code, string text, params string[] arguments)
    {
        var (exitCode, output, error) = await IotProcess.Run(arguments);
        Assert.Equal((code, ""), (exitCode, output));
        Assert.Contains(text, Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }
}
