using OrleansIoT.Conformance;

// Writes docs/mqtt-support.md of the checkout that is named: ./dev fmt does.
var root = args is [var path] ? path : Directory.GetCurrentDirectory();
File.WriteAllText(Path.Combine(root, SupportPage.File), SupportPage.Of(root));
