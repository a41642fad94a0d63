using System.Diagnostics;

namespace OrleansIoT.History.Tests.Telemetry;

/// <summary>A fact that needs strace to make the kernel's answers fail; skipped by name where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class StraceFactAttribute : FactAttribute
{
    private static readonly Lazy<bool> Works = new(() =>
    {
        try
        {
            using var strace = Process.Start("strace", ["-qq", "-o", "/dev/null", "true"]);
            strace.WaitForExit();
            return strace.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    });

    public StraceFactAttribute()
    {
        if (!Works.Value)
        {
            Skip = "strace is not installed or may not trace here.";
        }
    }
}
