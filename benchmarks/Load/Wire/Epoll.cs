using System.ComponentModel;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OrleansIoT.Load.Wire;

/// <summary>Linux's epoll, level-triggered: one thread hears which of many sockets have something to say.</summary>
internal sealed partial class Epoll : IDisposable
{
    private const int MaxEvents = 256;
    private const int Interrupted = 4;

    // struct epoll_event: 32 bits of events, 64 of data; packed on x64 and nowhere else.
    private static readonly int Size = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private readonly byte[] _events = new byte[MaxEvents * 16];
    private readonly int _handle = Checked(Create(0));

    [Flags]
    public enum Interest : uint
    {
        Read = 1,
        Write = 4,
    }

    private enum Operation
    {
        Add = 1,
        Remove = 2,
        Modify = 3,
    }

    public void Add(nint socket, int token, Interest interest) => Control(Operation.Add, socket, token, interest);

    public void Change(nint socket, int token, Interest interest) => Control(Operation.Modify, socket, token, interest);

    public void Remove(nint socket) => Control(Operation.Remove, socket, 0, 0);

    /// <returns>How many sockets are ready; <see cref="Ready"/> says which.</returns>
    public int Wait(TimeSpan atMost)
    {
        var timeout = new Time(atMost.Ticks / TimeSpan.TicksPerSecond, atMost.Ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick);
        var count = Wait(_handle, ref _events[0], MaxEvents, in timeout, 0);
        return count < 0 && Marshal.GetLastPInvokeError() == Interrupted ? 0 : Checked(count);
    }

    /// <summary>The token of one that is ready, and whether it can be written; an error is for its reader to find.</summary>
    public (int Token, bool IsWritable) Ready(int index)
    {
        ref var ready = ref _events[index * Size];
        var interest = Unsafe.ReadUnaligned<Interest>(ref ready);
        return (Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref ready, Size - sizeof(long))), interest.HasFlag(Interest.Write));
    }

    public void Dispose() => _ = Close(_handle);

    /// <summary>struct timespec.</summary>
    private readonly record struct Time(long Seconds, long Nanoseconds);

    private void Control(Operation operation, nint socket, int token, Interest interest)
    {
        Span<byte> wanted = stackalloc byte[16];
        Unsafe.WriteUnaligned(ref wanted[0], interest);
        Unsafe.WriteUnaligned(ref wanted[Size - sizeof(long)], (long)token);
        Checked(Control(_handle, operation, (int)socket, ref wanted[0]));
    }

    private static int Checked(int result) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int Control(int epoll, Operation operation, int socket, ref byte wanted);

    [LibraryImport("libc", EntryPoint = "epoll_pwait2", SetLastError = true)]
    private static partial int Wait(int epoll, ref byte events, int most, in Time atMost, nint signals);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int handle);
}
