/// <summary>
/// Answers every line of the standard input with what the process has allocated so far. The runtime looks for a class of
/// this name in what DOTNET_STARTUP_HOOKS names, so that the silo can be asked as it is built for users.
/// </summary>
internal static class StartupHook
{
    public static void Initialize() => new Thread(Answer) { IsBackground = true }.Start();

    private static void Answer()
    {
        while (Console.In.ReadLine() is not null)
        {
            Console.Out.WriteLine($"allocated {GC.GetTotalAllocatedBytes()}");
        }
    }
}
