using System.Diagnostics;

namespace OrleansIoT.Shims;

/// <summary>Makes the libraries for LD_PRELOAD, and the program beside them, of their C sources beside the tests.</summary>
internal static class Compiler
{
    private static readonly string Folder = AppContext.BaseDirectory;

    public static string PowerCut { get; } = Compile("powercut", "-shared", "-fPIC");

    public static string Clock { get; } = Compile("clock", "-shared", "-fPIC");

    public static string Cut { get; } = Compile("cut");

    /// <summary>Runs a program to its end.</summary>
    /// <returns>What it printed.</returns>
    public static string Run(string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var info = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            info.Environment[name] = value;
        }

        using var process = Process.Start(info)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.Trim()
            : throw new InvalidOperationException($"{program} {string.Join(' ', info.ArgumentList)}: {error.Result}");
    }

    private static string Compile(string name, params string[] options)
    {
        var made = Path.Combine(Folder, $"{name}.{Environment.ProcessId}.out"); // nobody else's, who may use it just now
        Run("gcc", ["-O2", "-Wall", "-Wno-format-truncation", .. options, "-o", made, Path.Combine(Folder, name + ".c")]);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(made);
        return made;
    }
}
