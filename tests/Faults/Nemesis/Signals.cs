using System.Runtime.InteropServices;

namespace OrleansIoT.Faults.Nemesis;

/// <summary>What a process is told. The numbers are Linux's.</summary>
public enum Signal
{
    Interrupt = 2,
    Quit = 3,
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

internal static partial class Signals
{
    /// <returns>Whether there was such a process.</returns>
    public static bool Send(int process, Signal signal) => Send(process, (int)signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Send(int process, int signal);
}
