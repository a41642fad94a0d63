using System.Diagnostics;

namespace OrleansIoT.Faults.Nemesis;

/// <summary>The network of a process that is alone in a network namespace, with one address and one interface: what it loses is lost without a word.</summary>
/// <param name="Space">The namespace.</param>
/// <param name="Address">The process's address in it.</param>
internal sealed record NetworkOfProcess(string Space, string Address)
{
    private const string Interface = "eth0";

    /// <summary>What this one says to the other does not arrive.</summary>
    public void Lose(NetworkOfProcess other) => Ip("route", "replace", "blackhole", $"{other.Address}/32");

    /// <summary>Nothing that it says arrives anywhere, and nothing arrives here.</summary>
    public void Isolate() => Ip("link", "set", Interface, "down");

    /// <summary>Everything arrives again.</summary>
    public void Heal()
    {
        Ip("route", "flush", "type", "blackhole");
        Ip("link", "set", Interface, "up");
    }

    private void Ip(params string[] arguments)
    {
        var info = new ProcessStartInfo("ip", ["-n", Space, .. arguments]) { RedirectStandardError = true };
        using var process = Process.Start(info)!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"ip -n {Space} {string.Join(' ', arguments)}: {error}");
        }
    }
}
