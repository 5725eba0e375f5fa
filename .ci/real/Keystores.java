import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.util.*;
import java.util.stream.*;
import javax.crypto.spec.SecretKeySpec;

/**
 * Java's own key stores judge what was read and written.
 *
 * <p>usage: Keystores.java make FOLDER STORE... puts stores into FOLDER/made: those given, and some of keytool's.
 * Then the test stores_for_java, with HARDEN_STORES=FOLDER, writes its own and changes those. Last, Keystores.java
 * judge FOLDER opens everything: names and certificates must be the same but for what was meant to go and to come,
 * every key must open with its password, and what it signs must be verified by its certificate.
 */
public class Keystores {
    static final List<String> wrong = new ArrayList<>();
    static int stores, entries, keys;

    public static void main(String[] a) throws Exception {
        Path folder = Path.of(a[1]);
        if (a[0].equals("make")) {
            make(folder, List.of(a).subList(2, a.length));
            return;
        }
        for (String own : List.of("JKS-Modern", "PKCS12-Modern", "PKCS12-Old")) own(folder.resolve(own + ".store"));
        List<Path> made;
        try (Stream<Path> files = Files.list(folder.resolve("made"))) { made = files.sorted().toList(); }
        for (Path before : made) changed(before, folder.resolve("changed").resolve(before.getFileName()));
        wrong.forEach(System.out::println);
        System.out.printf("Java agrees on %d stores, %d entries, %d keys%n", stores, entries, keys);
        if (!wrong.isEmpty() || stores == 0) System.exit(1);
    }

    /** What keytool and the Java of this machine make, and the stores given. */
    static void make(Path folder, List<String> given) throws Exception {
        Path made = Files.createDirectories(folder.resolve("made"));
        for (int i = 0; i < given.size(); i++)
            Files.copy(Path.of(given.get(i)), made.resolve(i + "-" + Path.of(given.get(i)).getFileName()));
        for (String kind : List.of("JKS", "JCEKS", "PKCS12", "PKCS12-legacy")) {
            Path store = made.resolve("keytool-" + kind);
            String type = kind.replace("-legacy", "");
            List<String> flags = kind.endsWith("legacy") ? List.of("-J-Dkeystore.pkcs12.legacy=true") : List.of();
            keytool(flags, "-genkeypair", "-alias", "Main", "-keyalg", "RSA", "-dname", "CN=main.example.com",
                    "-ext", "san=dns:main.example.com,ip:127.0.0.1", "-keystore", store, "-storetype", type);
            keytool(flags, "-genkeypair", "-alias", "curve", "-keyalg", "EC", "-dname", "CN=curve.example.com",
                    "-keystore", store, "-storetype", type);
            Path certificate = Files.createTempFile(folder, "trusted", ".cer");
            keytool(flags, "-exportcert", "-alias", "main", "-file", certificate, "-keystore", store);
            keytool(flags, "-importcert", "-noprompt", "-alias", "trusted", "-file", certificate, "-keystore", store);
        }
        for (String type : List.of("JCEKS", "PKCS12")) {
            Path store = made.resolve("keytool-" + type);
            KeyStore open = load(store);
            open.setEntry("secret", new KeyStore.SecretKeyEntry(new SecretKeySpec(new byte[16], "AES")),
                    new KeyStore.PasswordProtection("changeit".toCharArray()));
            try (OutputStream out = Files.newOutputStream(made.resolve("secret-" + type))) {
                open.store(out, "changeit".toCharArray());
            }
        }
    }

    static void keytool(List<String> flags, Object... words) throws Exception {
        List<String> all = new ArrayList<>(List.of("keytool"));
        all.addAll(flags);
        for (Object word : words) all.add(word.toString());
        all.addAll(List.of("-storepass:env", "STORE_PASSWORD"));
        ProcessBuilder keytool = new ProcessBuilder(all).redirectErrorStream(true);
        keytool.environment().put("STORE_PASSWORD", "changeit");
        Process run = keytool.start();
        // It asks for the key's password where the format has one; no answer means the store's.
        run.getOutputStream().close();
        String said = new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (run.waitFor() != 0) throw new IOException(all + ": " + said);
    }

    /** A store that was written without Java. */
    static void own(Path path) throws Exception {
        KeyStore store = load(path);
        String type = path.getFileName().toString().split("-")[0];
        Set<String> names = new TreeSet<>(Collections.list(store.aliases()));
        if (!names.equals(Set.of("own", "issued", "one.example.com", "two.example.com"))) wrong.add(path + ": " + names);
        sign(path, store, "own", "changeit");
        sign(path, store, "issued", "key's own");
        if (store.getCertificateChain("issued").length != 2) wrong.add(path + ": the chain is lost");
        store.getCertificate("issued").verify(store.getCertificateChain("issued")[1].getPublicKey());
        if (store.getCreationDate("issued").getTime() != 1_800_000_000_001L) wrong.add(path + ": the date is lost");
        // The type that the configuration names must open it, not only the one that Java guesses.
        KeyStore named = KeyStore.getInstance(type);
        try (InputStream in = Files.newInputStream(path)) { named.load(in, "changeit".toCharArray()); }
        count(store);
    }

    /** A store of Java's that lost what was meant to go, and got one certificate. */
    static void changed(Path before, Path after) throws Exception {
        KeyStore old = load(before), now = load(after);
        if (!old.getType().equals(now.getType())) wrong.add(after + ": was " + old.getType());
        Map<String, String> wanted = sums(old);
        Files.readAllLines(Path.of(strip(after) + ".gone")).forEach(alias -> {
            if (wanted.remove(alias) == null) wrong.add(after + ": Java does not know " + alias);
        });
        Map<String, String> found = sums(now);
        if (found.remove("added") == null) wrong.add(after + ": what was added is not there");
        if (!found.equals(wanted)) wrong.add(after + ": " + difference(wanted, found));
        String listing = Files.readString(Path.of(strip(after) + ".before"));
        for (String alias : Collections.list(old.aliases())) {
            if (!listing.contains("\n" + alias + ": ")) wrong.add(before + ": the listing lacks " + alias);
            if (!old.isKeyEntry(alias) || old.getCertificate(alias) == null) continue;
            sign(after, now, alias, password(before));
        }
        count(now);
    }

    static String strip(Path path) {
        return path.toString().replaceFirst("\\.[a-z0-9]+$", "");
    }

    static Map<String, String> sums(KeyStore store) throws Exception {
        Map<String, String> sums = new TreeMap<>();
        for (String alias : Collections.list(store.aliases())) {
            java.security.cert.Certificate found = store.getCertificate(alias);
            byte[] digest = found == null ? new byte[0] : MessageDigest.getInstance("SHA-256").digest(found.getEncoded());
            boolean dated = !store.getType().equals("PKCS12") || store.isKeyEntry(alias);
            String date = dated ? " " + store.getCreationDate(alias).getTime() : "";
            sums.put(alias, (store.isKeyEntry(alias) ? "key " : "trusted ") + HexFormat.of().formatHex(digest) + date);
        }
        return sums;
    }

    static String difference(Map<String, String> wanted, Map<String, String> found) {
        Map<String, String> lost = new TreeMap<>(wanted), more = new TreeMap<>(found);
        lost.entrySet().removeAll(found.entrySet());
        more.entrySet().removeAll(wanted.entrySet());
        return "lost " + lost + ", more " + more;
    }

    static void sign(Path path, KeyStore store, String alias, String password) throws Exception {
        Key key = store.getKey(alias, password.toCharArray());
        if (!(key instanceof PrivateKey)) return;
        java.security.cert.Certificate own = store.getCertificate(alias);
        Signature signature = Signature.getInstance(key.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA");
        signature.initSign((PrivateKey) key);
        signature.update(new byte[] {1, 2, 3});
        byte[] signed = signature.sign();
        signature.initVerify(own.getPublicKey());
        signature.update(new byte[] {1, 2, 3});
        if (!signature.verify(signed)) wrong.add(path + ": the key " + alias + " does not fit its certificate");
        keys++;
    }

    static void count(KeyStore store) throws Exception {
        stores++;
        entries += store.size();
    }

    static String password(Path path) {
        String name = path.getFileName().toString();
        return name.startsWith("keytool") || name.startsWith("secret") ? "changeit" : "wso2carbon";
    }

    /** By content, as WSO2's own names do not tell the type; JCEKS is no type that Java guesses. */
    static KeyStore load(Path path) throws Exception {
        byte[] bytes = Files.readAllBytes(path);
        String type = (bytes[0] & 0xff) == 0xce ? "JCEKS" : (bytes[0] & 0xff) == 0xfe ? "JKS" : "PKCS12";
        KeyStore store = KeyStore.getInstance(type);
        String password = path.toString().endsWith(".store") ? "changeit" : password(path);
        store.load(new ByteArrayInputStream(bytes), password.toCharArray());
        return store;
    }
}
