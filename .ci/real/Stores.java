import java.io.*;
import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.util.*;
import java.util.stream.*;
import javax.crypto.Cipher;

/**
 * Java judges what a configuration says of key stores.
 *
 * <p>usage: Stores.java keys FILE, with lines of path, type, password, alias and key password: each store opens
 * with its type and password, its key with the key's password; what the key signs is verified by its certificate,
 * and what is encrypted for the certificate is decrypted by the key. Stores.java trust BEFORE AFTER PASSWORD...:
 * AFTER lacks no certificate of BEFORE but shipped ones, in the same order and with the same dates, and has one
 * or more new ones of which none is shipped; one of the passwords opens each.
 */
public class Stores {
    static int keys;

    public static void main(String[] a) throws Exception {
        if (a[0].equals("trust")) {
            trust(Path.of(a[1]), Path.of(a[2]), List.of(a).subList(3, a.length));
            return;
        }
        for (String line : Files.readAllLines(Path.of(a[1]))) key(line.split("\t", -1));
        System.out.println(keys);
    }

    static void key(String[] said) throws Exception {
        Path path = Path.of(said[0]);
        String type = said[1].isEmpty() ? "JKS" : said[1];
        // Tools of the vault ask for the password; it is that of the other references.
        String password = said[2].isEmpty() ? System.getenv("STORE_PASSWORD") : said[2];
        KeyStore store = load(path, type, password);
        List<String> aliases = Collections.list(store.aliases()).stream().filter(alias -> is(store, alias)).toList();
        String alias = said[3].isEmpty() ? aliases.get(0) : said[3];
        if (said[3].isEmpty() && aliases.size() != 1) throw new IOException(path + ": which of " + aliases + "?");
        String own = said[4].isEmpty() ? password : said[4];
        PrivateKey key = (PrivateKey) store.getKey(alias, own.toCharArray());
        if (key == null) throw new IOException(path + ": no key " + alias);
        java.security.cert.Certificate shown = store.getCertificate(alias);
        Signature signature = Signature.getInstance("SHA256withRSA");
        signature.initSign(key);
        signature.update(new byte[] {1, 2, 3});
        byte[] signed = signature.sign();
        signature.initVerify(shown);
        signature.update(new byte[] {1, 2, 3});
        if (!signature.verify(signed)) throw new IOException(path + ": another certificate's key");
        Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPwithSHA1andMGF1Padding");
        cipher.init(Cipher.ENCRYPT_MODE, shown);
        byte[] secret = cipher.doFinal("admin".getBytes());
        cipher.init(Cipher.DECRYPT_MODE, key);
        if (!new String(cipher.doFinal(secret)).equals("admin")) throw new IOException(path + ": not decrypted");
        keys++;
    }

    static void trust(Path before, Path after, List<String> passwords) throws Exception {
        Map<String, String> old = sums(before, passwords), now = sums(after, passwords);
        Set<String> shipped = new HashSet<>(Files.readAllLines(Path.of(System.getenv("SHIPPED"))));
        List<String> lost = new ArrayList<>(), kept = new ArrayList<>(), more = new ArrayList<>();
        old.forEach((alias, sum) -> {
            if (sum.equals(now.get(alias))) kept.add(alias);
            else if (!shipped.contains(sum.split(" ")[0])) lost.add(alias);
        });
        now.forEach((alias, sum) -> {
            if (sum.equals(old.get(alias))) return;
            more.add(alias);
            if (shipped.contains(sum.split(" ")[0])) lost.add(alias + " (a shipped one came)");
        });
        if (!lost.isEmpty() || more.isEmpty()) throw new IOException(after + ": lost " + lost + ", new " + more);
        System.out.printf("%d %d %d%n", kept.size(), old.size() - kept.size(), more.size());
    }

    static Map<String, String> sums(Path path, List<String> passwords) throws Exception {
        byte[] head = Files.readAllBytes(path);
        String type = (head[0] & 0xff) == 0xfe ? "JKS" : "PKCS12";
        KeyStore store = null;
        for (String password : passwords) {
            try { store = load(path, type, password); break; } catch (IOException wrong) { }
        }
        if (store == null) throw new IOException(path + ": no password opens it");
        Map<String, String> sums = new LinkedHashMap<>();
        for (String alias : Collections.list(store.aliases())) {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(store.getCertificate(alias).getEncoded());
            String date = type.equals("JKS") ? " " + store.getCreationDate(alias).getTime() : "";
            sums.put(alias, HexFormat.of().formatHex(digest) + date);
        }
        return sums;
    }

    static boolean is(KeyStore store, String alias) {
        try { return store.isKeyEntry(alias); } catch (KeyStoreException e) { throw new IllegalStateException(e); }
    }

    /** The type that is declared must open it, so Java's guessing is turned off. */
    static KeyStore load(Path path, String type, String password) throws Exception {
        KeyStore store = KeyStore.getInstance(type);
        try (InputStream in = Files.newInputStream(path)) { store.load(in, password.toCharArray()); }
        return store;
    }
}
